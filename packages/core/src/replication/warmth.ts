import type { Placement } from '../placement/placement.ts'

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
