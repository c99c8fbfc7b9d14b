// A change of what is agreed on, as records: checked name by name before anything is written, so that it takes
// effect as a whole or not at all.

import {
  arcSlot,
  CacheMeshError,
  type Configuration,
  type ConfigurationRecord,
  canonicalJson,
  isErasure,
  keyPrefix,
  LIMITS,
  PARTITION_KINDS,
  PARTITION_RULES_MAX,
  partitionRules,
  registerRecord,
} from '@cachemesh/protocol'
import { checkSetting, isSettingName, SETTINGS } from './settings.ts'

/** Values by name; `null`: there shall be none. */
export type Values = Readonly<Record<string, unknown>>

/** What to write. Groups and names that are left out stay as they are. */
export interface Change {
  readonly settings?: Values
  readonly namespaces?: Values
  readonly stores?: Values
  readonly placements?: Values
}

export const GROUPS = ['settings', 'namespaces', 'stores', 'placements'] as const

/** Which configuration a change was decided on. Where there is a digest, it alone counts: serials are labels. */
export interface Expected {
  readonly serial?: number
  readonly digest?: string
}

/** Throws ERR_VERSION_CONFLICT, which names both versions. */
export function checkExpected({ version }: Configuration, expected: Expected | undefined): void {
  if (expected === undefined) return
  const { serial, digest } = expected
  if (digest === undefined ? serial === undefined || serial === version.serial : digest === version.digest)
    return
  const wanted = [serial !== undefined && `serial ${serial}`, digest !== undefined && `digest ${digest}`]
  throw new CacheMeshError(
    'ERR_VERSION_CONFLICT',
    `The configuration is at serial ${version.serial}, digest ${version.digest}, and not at the expected ` +
      `${wanted.filter(Boolean).join(', ')}: nothing was changed; read it again`,
  )
}

/**
 * The records that make a configuration say what the change says. With `whole`, what the change does not name is
 * removed. What it says already is not written again. Throws ERR_MALFORMED_CONFIGURATION or ERR_INVALID_NAMESPACE.
 */
export function recordsOf(
  change: Change,
  configuration: Configuration,
  { whole = false }: { readonly whole?: boolean } = {},
): ConfigurationRecord[] {
  const wanted = registersOf(change)
  if (whole) {
    for (const { name } of configuration.registers) {
      // What was erased stays erased.
      if (!wanted.has(name) && !isErasure(name)) wanted.set(name, 'null')
    }
  }
  const records: ConfigurationRecord[] = []
  for (const [name, json] of wanted) {
    const known = configuration.register(name)
    if ((known?.json ?? 'null') === json) continue
    records.push(registerRecord({ name, counter: (known?.counter ?? 0) + 1, json }))
  }
  return records
}

/**
 * The records of a mesh that begins. Their counter is 0, and whoever writes one later counts from there: should
 * this mesh turn out to be a part of an older one, they override nothing of it.
 */
export function initialRecordsOf(change: Change): ConfigurationRecord[] {
  return [...registersOf(change)]
    .filter(([, json]) => json !== 'null')
    .map(([name, json]) => registerRecord({ name, counter: 0, json }))
}

/** Throws ERR_MALFORMED_CONFIGURATION or ERR_INVALID_NAMESPACE for a change that could not be written. */
export function checkChange(change: Change): void {
  registersOf(change)
}

/** Names of registers and their canonical JSON. */
function registersOf(change: Change): Map<string, string> {
  const registers = new Map<string, string>()
  for (const group of Object.keys(change)) {
    if (!GROUPS.includes(group as (typeof GROUPS)[number])) {
      throw malformed(`has no ${shown(group)}; there are ${GROUPS.join(', ')}`)
    }
  }
  for (const group of GROUPS) {
    const values: unknown = change[group]
    if (values === undefined) continue
    if (!isObject(values)) throw malformed(`has ${group} that are no object of values by name`)
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) continue
      if (value !== null) CHECKS[group](name, value)
      registers.set(`${group}/${name}`, jsonOf(group, name, value))
    }
  }
  return registers
}

/** Checked as the record that it will be, so that the error can name it. */
function jsonOf(group: string, name: string, value: unknown): string {
  try {
    const json = canonicalJson(value)
    registerRecord({ name: `${group}/${name}`, counter: 0, json })
    return json
  } catch (cause) {
    if (!(cause instanceof CacheMeshError)) throw cause
    throw new CacheMeshError(cause.code, `${group}/${cut(name)} cannot be written: ${cause.message}`, {
      cause,
    })
  }
}

const CHECKS: Record<(typeof GROUPS)[number], (name: string, value: unknown) => void> = {
  settings: (name, value) => checkSetting(name, value),
  namespaces: (name, value) => {
    keyPrefix(name)
    if (!isObject(value)) throw malformed(`has namespace ${name} that is no object of settings`)
    for (const [setting, item] of Object.entries(value)) {
      if (isSettingName(setting) && !SETTINGS[setting].inNamespace) {
        throw malformed(`has ${setting} in namespace ${name}; it holds for the whole mesh only`)
      }
      checkSetting(setting, item, ` of namespace ${name}`)
      if (setting === 'source' && typeof item !== 'string')
        throw malformed(`has a source of namespace ${name} that is no text; it names data stores`)
      if (setting === 'partition') checkPartition(name, item)
    }
  },
  stores: (name, value) => {
    if (!isObject(value)) throw malformed(`has a data store ${shown(name)} that is no object`)
  },
  placements: (name, value) => {
    if (name.startsWith('~')) {
      checkGiven(name, value)
      return
    }
    if (!isPosition(name)) {
      throw malformed(
        `has a placement at ${shown(name)}; a position is a whole number from 0 to ${0xffff_ffff}`,
      )
    }
    checkListed(name, isObject(value) ? value.members : undefined)
  },
}

/** Rules of which none is passed over. */
function checkPartition(namespace: string, value: unknown): void {
  const where = `has a partition of namespace ${namespace}`
  if (value === null || value === 'hash') return
  if (!Array.isArray(value) || value.length > PARTITION_RULES_MAX)
    throw malformed(`${where} that is neither "hash" nor a list of up to ${PARTITION_RULES_MAX} rules`)
  const prefixes = new Set<unknown>()
  for (const rule of value) {
    const { prefix, members } = isObject(rule) ? rule : {}
    if (partitionRules([rule]).length === 0)
      throw malformed(
        `${where} with the rule ${shown(JSON.stringify(rule))}; a rule has a prefix, and by: ${PARTITION_KINDS.join(', ')}`,
      )
    if (prefixes.has(prefix)) throw malformed(`${where} with two rules for prefix ${shown(String(prefix))}`)
    if (members !== undefined)
      checkListed(`prefix ${shown(String(prefix))} of namespace ${namespace}`, members)
    prefixes.add(prefix)
  }
}

/** Arcs that nodes with too much to do gave to others, by position: those of one part of the circle. */
function checkGiven(name: string, value: unknown): void {
  const arcs: unknown = isObject(value) ? value.arcs : undefined
  if (!isObject(arcs))
    throw malformed(`has ${shown(name)} among the placements without its arcs, by position`)
  for (const [position, members] of Object.entries(arcs)) {
    if (!isPosition(position) || arcSlot(Number(position)) !== name)
      throw malformed(`has an arc at ${shown(position)} in ${shown(name)}, where it does not belong`)
    checkListed(position, members)
  }
}

function checkListed(position: string, members: unknown): void {
  if (Array.isArray(members) && members.length > 0 && members.length <= LIMITS.failedMax) {
    if (members.every(id => typeof id === 'string')) return
  }
  throw malformed(
    `has a placement at ${position} without its members, a list of 1 to ${LIMITS.failedMax} ids`,
  )
}

/** One spelling of a position, else two registers would say something about it. */
function isPosition(name: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(name) && Number(name) <= 0xffff_ffff
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(what: string): CacheMeshError {
  return new CacheMeshError('ERR_MALFORMED_CONFIGURATION', `The configuration ${what}`)
}

function shown(name: string): string {
  return JSON.stringify(cut(name))
}

function cut(name: string): string {
  return name.length > 60 ? `${name.slice(0, 59)}…` : name
}
