import type { Link } from '@cachemesh/libp2p'
import { monotonic } from './time.ts'

const POLL_MS = 5
const LONGEST_MS = 1_000

/** Waits until all links have sent what is queued, or a peer does not take it. */
export async function drained(links: ReadonlyMap<string, Link>): Promise<void> {
  const until = monotonic() + LONGEST_MS
  while (monotonic() < until && [...links.values()].some(link => link.queuedBytes > 0)) {
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}
