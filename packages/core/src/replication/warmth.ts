import type { TransferMessage } from '@cachemesh/protocol'
import type { Placement } from '../placement/placement.ts'

/** Word that all is there goes out when it has been so for this long, ms: nobody waits for it, and it may soon be over. */
const STAYED_MS = 250

type Word = TransferMessage & { readonly kind: 'warm' }

/**
 * What this node says of itself. While members come and go it is cold and warm again many times a second; that it is cold
 * its peers hear at once, and that it is warm when it stays so.
 */
export class OwnWarmth {
  /** What all peers heard last; undefined: nothing yet, since there was nothing to say. */
  said: Word | undefined
  /** When it will be time to say that it is warm. */
  wakeAt: number = Number.POSITIVE_INFINITY

  /** True when there is something to say now, which is `said` then. With replicas it matters by which ring it is warm. */
  isNews(warm: boolean, { replicates, fingerprint: ring }: Placement, now: number): boolean {
    const { said } = this
    const isKnown = (said?.warm ?? !replicates) === warm && !(warm && replicates && said?.ring !== ring)
    if (isKnown) this.wakeAt = Number.POSITIVE_INFINITY
    else if (warm) this.wakeAt = Math.min(this.wakeAt, now + STAYED_MS)
    if (isKnown || (warm && now < this.wakeAt)) return false
    this.wakeAt = Number.POSITIVE_INFINITY
    this.said = { kind: 'warm', ring, warm }
    return true
  }
}

/** What members said of themselves: whether they have all that they should have, by which ring. */
export class Warmth {
  readonly #said = new Map<string, { readonly ring: number; readonly warm: boolean }>()

  said(member: string, { ring, warm }: { readonly ring: number; readonly warm: boolean }): void {
    this.#said.set(member, { ring, warm })
  }

  /** Undefined: nothing. */
  of(member: string): boolean | undefined {
    return this.#said.get(member)?.warm
  }

  forget(member: string): void {
    this.#said.delete(member)
  }

  /** True when all of these to which there is a link have all that they should have. Without replicas nobody says so at first. */
  areFull(
    members: Iterable<string>,
    { placement, linked }: { readonly placement: Placement; readonly linked: ReadonlySet<string> },
  ): boolean {
    const { fingerprint, replicates, self } = placement
    for (const member of members) {
      if (member === self || !linked.has(member)) continue
      const said = this.#said.get(member)
      if (said === undefined ? replicates : !said.warm || (replicates && said.ring !== fingerprint))
        return false
    }
    return true
  }
}
