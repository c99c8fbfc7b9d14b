import type { Message } from '@cachemesh/protocol'

interface Heard {
  /** Greatest number that came from the peer: what the next beat to it repeats. */
  seq: number
  /** Greatest number of this node's own that the peer has repeated. */
  echo: number
  /** Awake ms of the last round trip: of the beat that repeated a number for the first time. */
  provenAt: number
}

/**
 * Beats are numbered, and each repeats the last number that came from the other side. A number that comes back proves
 * a round trip: the peer hears this node and is heard by it. One message per direction and interval proves it to both,
 * where a question and an answer each would take two.
 */
export class Beats {
  readonly #peers = new Map<string, Heard>()
  #seq = 0
  /** Awake ms of the last round trip with anybody. */
  lastProofAt: number

  constructor(awake: number) {
    this.lastProofAt = awake
  }

  /** From now on silence of this peer is measured, as if there had been a round trip at `awake`. */
  expect(peer: string, awake: number): void {
    const heard = this.#of(peer)
    heard.provenAt = Math.max(heard.provenAt, awake)
  }

  forget(peer: string): void {
    this.#peers.delete(peer)
  }

  /** A new link: whoever is at its other end may have started anew, and counts from 1. */
  restart(peer: string): void {
    const heard = this.#peers.get(peer)
    if (heard !== undefined) heard.seq = 0
  }

  /** All beats of one round have one number. */
  nextRound(): void {
    this.#seq++
  }

  /** @param urgent the peer shall answer at once, not with its next round */
  beat(to: string, urgent: boolean): Message {
    return { kind: 'beat', seq: this.#seq, echo: this.#peers.get(to)?.seq ?? 0, urgent }
  }

  /** Returns true when the beat proves a round trip. */
  receive(from: string, beat: Message & { kind: 'beat' }, awake: number): boolean {
    const heard = this.#of(from)
    // Beats of one link come in order, those of the link before it may come late.
    heard.seq = Math.max(heard.seq, beat.seq)
    if (beat.echo <= heard.echo || beat.echo > this.#seq) return false
    heard.echo = beat.echo
    heard.provenAt = awake
    this.lastProofAt = awake
    return true
  }

  /** Awake ms of the last round trip, or since which it is expected; undefined for a stranger. */
  provenAt(peer: string): number | undefined {
    return this.#peers.get(peer)?.provenAt
  }

  /** True when there was a round trip with somebody else than `except` since then. */
  provenSince(awake: number, except: string): boolean {
    if (this.lastProofAt < awake) return false
    for (const [peer, { provenAt, echo }] of this.#peers)
      if (peer !== except && echo > 0 && provenAt >= awake) return true
    return false
  }

  /** Peers with a round trip since then. */
  *heardSince(awake: number): Iterable<string> {
    for (const [peer, { provenAt, echo }] of this.#peers) if (echo > 0 && provenAt >= awake) yield peer
  }

  #of(peer: string): Heard {
    const known = this.#peers.get(peer)
    if (known !== undefined) return known
    const heard = { seq: 0, echo: 0, provenAt: Number.NEGATIVE_INFINITY }
    this.#peers.set(peer, heard)
    return heard
  }
}
