import { type NodeCore, TIMES } from '@cachemesh/core'
import type { Link } from '@cachemesh/libp2p'
import { monotonic } from './time.ts'

const POLL_MS = 5
const HAND_OVER_POLL_MS = 20
const LONGEST_MS = 1_000

/** Waits until all links have sent what is queued, or a peer does not take it. */
export async function drained(links: ReadonlyMap<string, Link>): Promise<void> {
  const until = monotonic() + LONGEST_MS
  while (monotonic() < until && [...links.values()].some(link => link.queuedBytes > 0)) {
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

/** Waits until others have what a node that left held, or it has taken long enough. */
export async function handedOver({ replication }: NodeCore): Promise<void> {
  const until = monotonic() + TIMES.handOverMs
  while (monotonic() < until && replication.handingOver) {
    await new Promise(resolve => setTimeout(resolve, HAND_OVER_POLL_MS))
  }
}
