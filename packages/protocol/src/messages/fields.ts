// Fields of a decoded message: what is not what it should be is a malformed message.

import { isNodeId, isSerial } from '../configuration/member.ts'
import { CacheMeshError } from '../errors.ts'

export function list(value: unknown, lengthMax: number): unknown[] {
  if (!Array.isArray(value)) throw malformed('has something else where an array belongs')
  if (value.length > lengthMax) throw malformed(`has a list of ${value.length}; the limit is ${lengthMax}`)
  return value
}

export function serial(value: unknown): number {
  if (!isSerial(value)) throw malformed('has something else where a number belongs')
  return value
}

export function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw malformed('has something else where yes or no belongs')
  return value
}

export function nodeId(value: unknown): string {
  if (!isNodeId(value)) throw malformed('has something else where the id of a node belongs')
  return value
}

/** A view into the message: to be copied by whoever keeps it. */
export function bytes(value: unknown, lengthMax: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw malformed('has something else where bytes belong')
  if (value.length > lengthMax) throw malformed(`has ${value.length} bytes where ${lengthMax} are the limit`)
  return value
}

export function text(value: unknown, lengthMax: number): string {
  if (typeof value !== 'string' || value.length > lengthMax)
    throw malformed('has something else where a text belongs')
  return value
}

export function malformed(what: string, cause?: unknown): CacheMeshError {
  return new CacheMeshError('ERR_MALFORMED_MESSAGE', `A message ${what}`, { cause })
}
