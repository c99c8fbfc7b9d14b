import { type Accusation, type Charge, LIMITS } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import { BOUNDS } from '../limits/limits.ts'

interface Told {
  readonly kind: 'send'
  readonly to: string
  readonly message: Accusation
}

/**
 * How accusations travel: each goes to a few peers by chance, and everybody who hears it for the first time passes it on
 * in the same way. It also goes to those it is about, over whatever link there is: they are the ones who can answer.
 */
export class Rumours {
  readonly #self: string
  readonly #linked: ReadonlySet<string>
  readonly #random: Random
  #round = 0

  constructor({
    self,
    linked,
    random,
  }: {
    self: string
    linked: ReadonlySet<string>
    random: Random
  }) {
    this.#self = self
    this.#linked = linked
    this.#random = random
  }

  /** This node's next word: it replaces the one before. */
  accusation(charges: readonly Charge[], wall: number): Accusation {
    // The wall clock makes the rounds of one node grow across its restarts.
    this.#round = Math.max(this.#round + 1, wall)
    return { kind: 'accusation', accuser: this.#self, round: this.#round, charges }
  }

  /** Passes on what this node has only heard of, in as many words as it takes; each repeats its own charges. */
  hearsay(charges: readonly Charge[], own: readonly Charge[], wall: number): Told[] {
    const told: Told[] = []
    const room = LIMITS.chargesMax - own.length
    for (let from = 0; from < charges.length; from += room)
      told.push(...this.tell(this.accusation([...own, ...charges.slice(from, from + room)], wall)))
    return told
  }

  tell(accusation: Accusation, except?: string): Told[] {
    const peers = [...this.#linked].filter(peer => peer !== except && peer !== accusation.accuser)
    while (peers.length > BOUNDS.accusationToldMax) peers.splice(this.#random.below(peers.length), 1)
    const told = new Set(peers)
    for (const { member } of accusation.charges) if (this.#linked.has(member)) told.add(member)
    return [...told].map(to => ({ kind: 'send', to, message: accusation }))
  }
}
