import type { WriteResult as CoreResult } from '@cachemesh/core'
import type { CacheMeshError } from '@cachemesh/protocol'

/** A write that took effect. */
export interface Stored {
  readonly stored: true
  /** Of the entry: what `compareAndSet` compares with. Rises with every write of the key. */
  readonly version: number
}

/** A write whose condition did not hold: nothing has changed. */
export interface NotStored {
  readonly stored: false
  /** There is an entry and there should be none; there is none; there is one of another version. */
  readonly reason: 'exists' | 'not-found' | 'conflict'
  /** Of the entry that is there; undefined: there is none. */
  readonly version: number | undefined
}

/** How a write ended that hangs on what is there. A condition that does not hold is an answer, not an error. */
export type WriteResult = Stored | NotStored

/** What a counter stands at now. */
export type CountResult = (Stored & { readonly count: bigint }) | NotStored

/** What a batch did for one of its keys: what the call for this key alone resolves to, or rejects with. */
export type Settled<T> =
  | { readonly value: T; readonly error?: never }
  | { readonly error: CacheMeshError; readonly value?: never }

/** How far it has been heard that entries are void. */
export interface Erased {
  /** Members to which this node was linked, and which it told. */
  readonly peers: number
  /** Those of them that have confirmed it. The others, and those without a link, hear of it from others. */
  readonly confirmed: number
}

export function resultOf({ outcome, version }: CoreResult): WriteResult {
  if (outcome === 'stored') return { stored: true, version }
  return { stored: false, reason: outcome, version: version === 0 ? undefined : version }
}

export function countOf(result: CoreResult): CountResult {
  const plain = resultOf(result)
  return plain.stored ? { ...plain, count: result.count ?? 0n } : plain
}
