import type { ErrorCode } from '@cachemesh/protocol'

/** How often a read at the end of a run is tried. */
export const ATTEMPTS_MAX = 3

/** One call of one host's program. Times are virtual ms. */
export interface Operation {
  /** Rises with each; never 0. */
  readonly id: number
  /**
   * `load` is a get of a program that loads what is missing; `compare` a set in the place of a certain version, and
   * `tagged` one with a tag.
   */
  readonly kind: 'get' | 'set' | 'delete' | 'load' | 'increment' | 'compare' | 'tagged'
  /** Qualified. */
  readonly key: string
  readonly hash: number
  readonly host: number
  /** Of the process that made it. */
  readonly life: number
  readonly startedAt: number
  readonly deadline: number
  /** Of a set, bytes. */
  readonly sizeBytes: number
  /** Of the reads at the end of a run, which must succeed at the last attempt; 0: it is none of them. */
  readonly attempt: number
  /** Of a compare: the version that has to be there. */
  readonly expected?: number
  /** Of a tagged set: slot of its tag. */
  readonly slot?: number
  settledAt: number | undefined
  result: Result | undefined
}

/** A program, or a node for others, begins to ask the data store for a key. Its value names it as one of a write does. */
export interface Load {
  /** Below 0, and falls with each. */
  readonly id: number
  readonly key: string
  readonly host: number
  readonly life: number
  readonly sizeBytes: number
}

/** A program has learned what it wanted to know. */
export function isAnswered(result: Result | undefined): boolean {
  return (
    result?.kind === 'hit' ||
    result?.kind === 'counted' ||
    result?.kind === 'refused' ||
    result?.kind === 'done' ||
    (result?.kind === 'miss' && result.certain)
  )
}

/** How a call ended, as its program saw it; `certain`: by the owner of the key. */
export type Result =
  /** `write`: the number that the value names; `whole`: every byte is as in a value of that write of this key. */
  | {
      readonly kind: 'hit'
      readonly write: number
      readonly whole: boolean
      readonly bytes: number
      readonly version: number
      readonly certain: boolean
      /** Out of a copy that the host holds of what another one owns. */
      readonly copied: boolean
    }
  | { readonly kind: 'miss'; readonly certain: boolean }
  | { readonly kind: 'done'; readonly version: number; readonly certain: boolean }
  /** What a counter stands at. */
  | { readonly kind: 'counted'; readonly count: number; readonly version: number; readonly certain: boolean }
  /** Another version was there, or none. */
  | { readonly kind: 'refused'; readonly certain: boolean }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
