// What the settings of a mesh are: their names, units and bounds, in one table, and how they are read out of a
// configuration. A setting that this version does not know is kept and passed on. A value out of bounds is
// refused where it is written; where it is read, a newer version may have written it: it counts as not there.

import { CacheMeshError, type Configuration, LIMITS } from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'

/** One number that the whole mesh goes by. */
export interface SettingKind {
  readonly unit: 'ms' | 'bytes' | 'members' | 'requests/s' | '%'
  /** Bounds, both included; all values are whole numbers. */
  readonly min: number
  readonly max: number
  /** What holds where the configuration says nothing. */
  readonly default: number
  /** A namespace may have its own. */
  readonly inNamespace: boolean
  /** False: it is carried and checked, and nothing of this version goes by it yet. */
  readonly inEffect: boolean
  readonly meaning: string
}

export const SETTINGS = {
  ttlMs: {
    unit: 'ms',
    min: 0,
    max: LIMITS.ttlMsMax,
    default: 0,
    inNamespace: true,
    inEffect: true,
    meaning: 'Time to live of entries that are set without one; 0: no expiry.',
  },
  valueBytesMax: {
    unit: 'bytes',
    min: 1,
    max: LIMITS.valueBytesMax,
    default: LIMITS.valueBytesMax,
    inNamespace: true,
    inEffect: true,
    meaning: 'The largest value that may be stored, as encoded; larger ones that are there stay.',
  },
  timeoutMs: {
    unit: 'ms',
    min: 10,
    max: 600_000,
    default: 5_000,
    inNamespace: false,
    inEffect: true,
    meaning: 'Deadline of every call.',
  },
  replicas: {
    unit: 'members',
    min: 0,
    // With the owner and those who stand in that is as many members as a request may name as unreachable.
    max: LIMITS.failedMax - 1 - BOUNDS.standInsMax,
    default: 0,
    inNamespace: true,
    inEffect: true,
    meaning: 'Members that keep a copy of an entry besides its owner.',
  },
  ackReplicas: {
    unit: 'members',
    min: 0,
    max: LIMITS.failedMax - 1 - BOUNDS.standInsMax,
    default: 0,
    inNamespace: true,
    inEffect: true,
    meaning:
      'How many of these members must have a write before it is acknowledged; 0: the owner is enough. Where there are fewer, all.',
  },
  leaseMs: {
    unit: 'ms',
    min: 0,
    max: 60_000,
    default: 2_000,
    inNamespace: true,
    inEffect: true,
    meaning: 'How long a copy of a hot key may be answered from without asking its owner; 0: no copies.',
  },
  copyAbove: {
    unit: 'requests/s',
    min: 0,
    max: 1_000_000_000,
    default: 100,
    inNamespace: true,
    inEffect: true,
    meaning: 'A member that asks for a key more often than this gets a copy; 0: at its first read.',
  },
  loadBound: {
    unit: '%',
    min: 0,
    max: 10_000,
    default: 125,
    inNamespace: false,
    inEffect: true,
    meaning:
      'A member that is asked for more than this, of what members are asked for on average, gives arcs to others; 0: none does, and below 105 it is 105.',
  },
} as const satisfies Record<string, SettingKind>

export type SettingName = keyof typeof SETTINGS
export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS) as SettingName[]

/** What the configuration says of one namespace, or of the mesh: only what it does say. */
export type SaidSettings = { readonly [N in SettingName]?: number }

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name)
}

/** Throws ERR_MALFORMED_CONFIGURATION, naming setting, bounds and value, for a known one out of bounds. */
export function checkSetting(name: string, value: unknown, where = ''): void {
  if (!isSettingName(name) || isWithin(SETTINGS[name], value)) return
  const { unit, min, max } = SETTINGS[name]
  throw new CacheMeshError(
    'ERR_MALFORMED_CONFIGURATION',
    `The setting ${name}${where} cannot be ${shown(value)}; it is a whole number of ${unit} from ${min} to ${max}`,
  )
}

/** Follows a configuration that changes, and reads each only once. */
export class SettingsReader {
  readonly #current: () => Configuration
  #of: Configuration | undefined
  #mesh: SaidSettings = {}
  readonly #namespaces = new Map<string, SaidSettings>()

  constructor(current: () => Configuration) {
    this.#current = current
  }

  /** What the configuration says for all namespaces. */
  get mesh(): SaidSettings {
    this.#follow()
    return this.#mesh
  }

  /** What it says for a namespace alone. */
  of(namespace: string): SaidSettings {
    this.#follow()
    return this.#namespaces.get(namespace) ?? NOTHING
  }

  /** What holds in a namespace, by the configuration and the defaults. */
  in(namespace: string, name: SettingName): number {
    return this.of(namespace)[name] ?? this.#mesh[name] ?? SETTINGS[name].default
  }

  /** The greatest value that holds anywhere. */
  greatest(name: SettingName): number {
    this.#follow()
    let greatest = this.#mesh[name] ?? SETTINGS[name].default
    for (const said of this.#namespaces.values()) greatest = Math.max(greatest, said[name] ?? 0)
    return greatest
  }

  #follow(): void {
    const configuration = this.#current()
    if (configuration === this.#of) return
    this.#of = configuration
    this.#namespaces.clear()
    const mesh: Record<string, unknown> = {}
    for (const { name, json } of configuration.registers) {
      const slash = name.indexOf('/')
      const rest = name.slice(slash + 1)
      if (name.startsWith('settings/') && isSettingName(rest)) mesh[rest] = JSON.parse(json)
      if (name.startsWith('namespaces/')) this.#namespaces.set(rest, sayings(JSON.parse(json), true))
    }
    this.#mesh = sayings(mesh, false)
  }
}

const NOTHING: SaidSettings = Object.freeze({})

function sayings(value: unknown, inNamespace: boolean): SaidSettings {
  if (typeof value !== 'object' || value === null) return NOTHING
  const said = Object.entries(value).filter(([name, item]) => {
    if (!isSettingName(name) || (inNamespace && !SETTINGS[name].inNamespace)) return false
    return isWithin(SETTINGS[name], item)
  })
  return Object.freeze(Object.fromEntries(said))
}

function isWithin({ min, max }: SettingKind, value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

function shown(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
