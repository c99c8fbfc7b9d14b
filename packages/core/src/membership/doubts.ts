import type { Charge } from '@cachemesh/protocol'

/**
 * What an observer thinks of a member that it observes (docs/architecture.md has the table):
 *
 * - trusted: there is no doubt. Silence for `silenceMs`: checking. Link closed and redial refused: accused.
 * - checking: this node and its helpers try to reach it. A round trip: trusted. A helper reached it: checked again
 *   later. Nobody did for `checkMs`, and this node is heard by somebody else: accused.
 * - unable: it answers beats, and requests have failed for `silenceMs` without one that was answered: accused. A
 *   request that is answered: trusted.
 * - accused: the accusation is repeated. A round trip, or a new claim of the member: trusted. Enough observers
 *   accuse it for `refuteMs`, or all that can be reached for `slowAfterMs`: removed.
 */
export interface Doubt {
  /** Of the claim that is doubted. */
  readonly since: number
  readonly incarnation: number
  /** Awake ms. A round trip after it ends the doubt. */
  readonly at: number
  state: 'checking' | 'accused'
  /** It answers beats and no requests. */
  readonly unable: boolean
  accusedAt: number
  witnesses: readonly string[]
  /** Awake ms since which enough observers accuse. */
  convictedAt: number | undefined
}

/** A step of what an observer thinks of a member; for people and statistics only. */
export interface Suspicion {
  readonly kind: 'suspicion'
  readonly member: string
  readonly state: 'checking' | 'accused' | 'cleared' | 'removed'
}

export class Doubts {
  readonly #doubts = new Map<string, Doubt>()

  get size(): number {
    return this.#doubts.size
  }

  of(member: string): Doubt | undefined {
    return this.#doubts.get(member)
  }

  [Symbol.iterator](): IterableIterator<[string, Doubt]> {
    return this.#doubts[Symbol.iterator]()
  }

  begin(
    member: string,
    { since, incarnation }: { since: number; incarnation: number },
    { at, unable }: { at: number; unable: boolean },
  ): Suspicion {
    const doubt: Doubt = {
      since,
      incarnation,
      at,
      state: 'checking',
      unable,
      accusedAt: 0,
      witnesses: [],
      convictedAt: undefined,
    }
    this.#doubts.set(member, doubt)
    return { kind: 'suspicion', member, state: 'checking' }
  }

  accuse(member: string, witnesses: Iterable<string>, at: number): Suspicion {
    const doubt = this.#doubts.get(member) as Doubt
    doubt.state = 'accused'
    doubt.accusedAt = at
    doubt.witnesses = [...witnesses]
    return { kind: 'suspicion', member, state: 'accused' }
  }

  /** True when this very claim is accused, and of silence. */
  blames(member: string, since: number): boolean {
    const doubt = this.#doubts.get(member)
    return doubt?.state === 'accused' && !doubt.unable && doubt.since === since
  }

  end(member: string): Suspicion[] {
    return this.#doubts.delete(member) ? [{ kind: 'suspicion', member, state: 'cleared' }] : []
  }

  get charges(): Charge[] {
    const charges: Charge[] = []
    for (const [member, { state, since, incarnation, witnesses, unable }] of this.#doubts)
      if (state === 'accused') charges.push({ member, since, incarnation, witnesses, hearsay: false, unable })
    return charges
  }
}
