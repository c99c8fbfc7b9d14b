import { type Change, isSettingName, SETTINGS, type SettingKind, type Values } from '@cachemesh/core'
import { parseDuration } from '../options/duration.ts'
import { parseSize } from '../options/size.ts'

/** What the members of a mesh agree on, by name. In a change `null` removes, and what is not named stays. */
export interface MeshConfiguration {
  /**
   * Numbers for the whole mesh: `ttlMs`, `valueBytesMax`, `timeoutMs`, `replicas`, `leaseMs`. Durations and sizes
   * may be texts such as `'5m'` and `'1mb'`. Other names are kept for whoever knows them: any JSON.
   */
  readonly settings?: Values
  /** Objects of settings by namespace; they hold there in place of the mesh's. Others are kept. */
  readonly namespaces?: Values
  /** Data stores and how to reach them: any objects. Everybody in the mesh reads them: no passwords. */
  readonly stores?: Values
  /** Positions set by hand: `{ members: [id, …] }` by position on the ring, 0 to 2^32 - 1. */
  readonly placements?: Values
}

/** A change of the configuration: in part. */
export interface MeshChange extends MeshConfiguration {
  /** Of the node that is asked: others cannot say it. After a restart its options hold again. */
  readonly member?: OwnAttributes
}

/** What a node says of itself, and may change while it runs. */
export interface OwnAttributes {
  /** Share of the ring relative to other members, 0 to 100. */
  readonly weight?: number
  /** Failure domain, up to 64 characters. */
  readonly zone?: string
}

/** The same with numbers for texts. What cannot be understood stays as it is, to be refused by its name. */
export function readChange(change: MeshConfiguration): Change {
  const { settings, namespaces } = change
  return {
    ...change,
    ...(isObject(settings) && { settings: numbers(settings) }),
    ...(isObject(namespaces) && {
      namespaces: mapped(namespaces, value => (isObject(value) ? numbers(value) : value)),
    }),
  }
}

function numbers(values: Values): Values {
  return mapped(values, (value, name) => {
    if (typeof value !== 'string' || !isSettingName(name)) return value
    try {
      return parsed(value, SETTINGS[name].unit)
    } catch {
      return value
    }
  })
}

function parsed(text: string, unit: SettingKind['unit']): number | string {
  if (/^\d+$/.test(text)) return Number(text)
  if (unit === 'ms') return /^0(ms|s|m|h|d)$/.test(text) ? 0 : parseDuration(text)
  return unit === 'bytes' ? parseSize(text, 'A size') : text
}

/** Names come from anybody: each is a property of its own, also `__proto__`. */
function mapped(values: Values, use: (value: unknown, name: string) => unknown): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, use(value, name)]))
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
