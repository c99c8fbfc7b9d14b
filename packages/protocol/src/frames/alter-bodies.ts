// What a write that hangs on what is there carries besides its target, and what its answer says
// (docs/protocol/frames.md).

import { CacheMeshError } from '../errors.ts'
import type { EntryBody } from './entry-body.ts'

/** In the order of their numbers in a frame, which begin with 1 and only grow. */
export const OPERATIONS = [
  'set',
  'add',
  'replace',
  'append',
  'prepend',
  'increment',
  'decrement',
  'touch',
  'delete',
  'get-and-touch',
] as const

export type OperationName = (typeof OPERATIONS)[number]

const NO_BYTES = new Uint8Array(0)

/** A write of one key that may hang on what is there. */
export interface Alteration {
  readonly operation: OperationName
  /** Version that the entry has to have, so that nobody wrote in between; 0: any. */
  readonly expected: number
  /** increment, decrement: by how much, an unsigned 64 bit integer. */
  readonly by: bigint
  /** increment, decrement: what a counter that is not there yet begins with; undefined: it has to be there. */
  readonly initial: bigint | undefined
  /** The new value and its time to live. What the operation has no use for is empty. */
  readonly entry: EntryBody
  /** set, add, replace: slots of its tags. */
  readonly tags: readonly number[]
}

export const COUNT_MAX: bigint = 2n ** 64n - 1n

/** Fills in what a write does not say. Throws ERR_INVALID_ARGUMENT for a number that is none of 64 bits. */
export function alterationOf(
  operation: OperationName,
  {
    expected = 0,
    by = 0n,
    initial,
    entry = {},
    tags = [],
  }: Partial<Omit<Alteration, 'operation' | 'entry'>> & { readonly entry?: Partial<EntryBody> },
): Alteration {
  const { value = NO_BYTES, contentType = '', ttlMs = 0 } = entry
  for (const number of [by, initial ?? 0n]) {
    if (number < 0n || number > COUNT_MAX) {
      throw new CacheMeshError('ERR_INVALID_ARGUMENT', `A counter holds 0 to 2^64 - 1, and not ${number}`)
    }
  }
  return { operation, expected, by, initial, entry: { value, contentType, ttlMs }, tags }
}

/** Numbered by their place; numbers only grow. */
export const WRITE_OUTCOMES = ['stored', 'exists', 'not-found', 'conflict'] as const

/**
 * How a write ended. Where a condition does not hold that is an answer, not an error: the caller put the question.
 * - `stored`: it took effect, under the version that comes with it
 * - `exists`: there is an entry, and there should have been none
 * - `not-found`: there is none, and there should have been one
 * - `conflict`: there is an entry of another version than the expected one
 */
export type WriteOutcome = (typeof WRITE_OUTCOMES)[number]

export interface AlteredBody {
  readonly outcome: WriteOutcome
  /** Of the entry that is there now; 0: there is none. */
  readonly version: number
  /** What a counter stands at. */
  readonly count?: bigint | undefined
}
