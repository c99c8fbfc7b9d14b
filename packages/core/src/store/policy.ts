import type { Blocks } from './blocks.ts'
import type { Queues } from './queues.ts'

/**
 * Who stays when not all can: S3-FIFO or LRU, whichever hits more often; S3-FIFO alone, which scans do not harm; LRU
 * alone; or what is dear to make again.
 */
export const POLICIES = ['adaptive', 's3-fifo', 'lru', 'cost'] as const

export type PolicyName = (typeof POLICIES)[number]

/**
 * Decides which entry of a partition makes room. It keeps its entries in queues, so that each step costs the same
 * however many there are, and puts one of its queues over each entry that comes in.
 */
export interface Policy {
  /** It keeps a priority with each entry. */
  readonly priority: boolean
  /** How many keys of entries that it let go are worth being remembered. */
  readonly remembered: number
  /** A new entry. `known`: one that was let go not long ago. */
  added(address: number, known: boolean): void
  /** It was read, or written over. */
  hit(address: number): void
  /** Its place is taken by a newer one, which is in no queue yet. */
  replaced(queue: number, address: number): void
  /** The entry that goes first; 0 when there is none. It is still in its queue. */
  victim(): number
}

export interface PolicyParts {
  readonly blocks: Blocks
  readonly queues: Queues
  /** The first of the queues that are its own. */
  readonly queue: number
}

/** Queues of one policy. */
export const POLICY_QUEUES = 32
