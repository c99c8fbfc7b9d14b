import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isSerial, isText } from './member.ts'

/**
 * A part of the configuration that anybody may write: a setting, a namespace, a placement, a data store.
 * The writer raises the counter; of two with one counter the greater hash of the text wins.
 */
export interface Register {
  /** `settings/…`, `namespaces/…`, `placements/…`, `stores/…`, `erasures/…`. */
  readonly name: string
  readonly counter: number
  /** Canonical JSON of the value; `null` says that there is none any more. */
  readonly json: string
}

export function canonicalRegister(register: Register): string {
  return JSON.stringify(['r', register.name, register.counter, register.json])
}

/** Throws ERR_MALFORMED_CONFIGURATION unless the register is within bounds and its text canonical. */
export function checkRegister(register: Register): Register {
  const wrong = fault(register)
  if (wrong !== undefined) {
    throw new CacheMeshError('ERR_MALFORMED_CONFIGURATION', `A record of the configuration ${wrong}`)
  }
  return register
}

/**
 * JSON with sorted keys and no white space (RFC 8785 for what JSON can hold). Throws
 * ERR_MALFORMED_CONFIGURATION for what JSON cannot hold, where `JSON.stringify` would leave it out or guess.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0)
}

function write(value: unknown, depth: number): string {
  // The bound is the same on every node; the end of the stack is not.
  if (depth > LIMITS.depthMax) throw misplaced(`A value nested deeper than ${LIMITS.depthMax}`)
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${Array.from(value, item => write(item, depth + 1)).join(',')}]`
  if (!isPlainObject(value)) throw misplaced(nameOf(value))
  const pairs = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${write(item, depth + 1)}`)
  return `{${pairs.join(',')}}`
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function nameOf(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'object' ? 'An object with a class' : typeof value
}

function misplaced(what: string): CacheMeshError {
  return new CacheMeshError('ERR_MALFORMED_CONFIGURATION', `${what} has no place in a configuration`)
}

/** Erasures are numbered by the clock of entries, and no change of the configuration takes one back. */
export function isErasure(name: string): boolean {
  return name.startsWith('erasures/')
}

/** A name of any other group would be written, hashed and merged for ever, and read by nobody. */
const NAME = /^(?:settings|namespaces|placements|stores|erasures)\/./s

function fault(r: Register): string | undefined {
  if (!isText(r.name, LIMITS.addressLengthMax) || !NAME.test(r.name)) return 'has no valid name'
  if (!isSerial(r.counter)) return 'has a counter that is no serial number'
  if (!isText(r.json, LIMITS.recordBytesMax)) return 'is too large'
  try {
    if (canonicalJson(JSON.parse(r.json)) !== r.json) return 'is not in canonical form'
  } catch {
    return 'is not JSON'
  }
  return undefined
}
