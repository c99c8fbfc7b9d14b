import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isSerial, isText } from './member.ts'

/**
 * A part of the configuration that anybody may write: a setting, a namespace, a placement, a data store.
 * The writer raises the counter; of two with one counter the greater hash of the text wins.
 */
export interface Register {
  /** `settings/…`, `namespaces/…`, `placements/…`, `stores/…`. */
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

/** JSON with sorted keys and no white space (RFC 8785 for what JSON can hold). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`)
    return `{${pairs.join(',')}}`
  }
  const text = JSON.stringify(value)
  if (text === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new CacheMeshError(
      'ERR_MALFORMED_CONFIGURATION',
      `${String(value)} has no place in a configuration`,
    )
  }
  return text
}

function fault(r: Register): string | undefined {
  if (!isText(r.name, LIMITS.addressLengthMax) || r.name === '') return 'has no valid name'
  if (!isSerial(r.counter)) return `has counter ${r.counter}`
  if (!isText(r.json, LIMITS.recordBytesMax)) return 'is too large'
  try {
    if (canonicalJson(JSON.parse(r.json)) !== r.json) return 'is not in canonical form'
  } catch {
    return 'is not JSON'
  }
  return undefined
}
