import type { Accusation, Charge } from '@cachemesh/protocol'

interface Held {
  readonly round: number
  /** Awake ms of its arrival. */
  readonly at: number
  readonly charges: ReadonlyMap<string, Charge>
}

/**
 * What everybody accuses everybody of. Each accuser's last word replaces the one before; one that is not repeated is
 * void, so an accuser that died, was cut off or changed its mind takes nothing back and does no harm.
 */
export class Accusations {
  readonly #validMs: number
  readonly #byAccuser = new Map<string, Held>()
  /** Awake ms until which enough observers accused a member of this `since`. */
  readonly #convicted = new Map<string, { readonly since: number; readonly until: number }>()

  constructor(validMs: number) {
    this.#validMs = validMs
  }

  get size(): number {
    return this.#byAccuser.size
  }

  /** Returns false when it was heard before. */
  receive({ accuser, round, charges }: Accusation, awake: number): boolean {
    const held = this.#byAccuser.get(accuser)
    // A restarted accuser counts from its own clock on: its rounds only grow.
    if (held !== undefined && held.round >= round) return false
    const known = new Map(charges.filter(({ hearsay }) => !hearsay).map(charge => [charge.member, charge]))
    this.#byAccuser.set(accuser, { round, at: awake, charges: known })
    return true
  }

  /** Charges against this very claim of a member, by accuser. */
  against(member: string, since: number): Map<string, Charge> {
    const found = new Map<string, Charge>()
    for (const [accuser, { charges }] of this.#byAccuser) {
      const charge = charges.get(member)
      if (charge?.since === since) found.set(accuser, charge)
    }
    return found
  }

  /** Every claim that anybody accuses at present: members and the `since` of their records. */
  get claims(): Map<string, number> {
    const claims = new Map<string, number>()
    for (const { charges } of this.#byAccuser.values())
      for (const { member, since } of charges.values())
        claims.set(member, Math.max(since, claims.get(member) ?? 0))
    return claims
  }

  /** True when anybody accuses the member at present. */
  names(member: string): boolean {
    for (const { charges } of this.#byAccuser.values()) if (charges.has(member)) return true
    return false
  }

  /** Enough observers accuse it: its removal needs no further proof for a while. */
  convict(member: string, since: number, until: number): void {
    this.#convicted.set(member, { since, until })
  }

  convicted(member: string, since: number): boolean {
    return this.#convicted.get(member)?.since === since
  }

  expire(awake: number): void {
    for (const [accuser, { at }] of this.#byAccuser)
      if (awake - at > this.#validMs) this.#byAccuser.delete(accuser)
    for (const [member, { until }] of this.#convicted) if (awake > until) this.#convicted.delete(member)
  }
}
