import type { Message } from '@cachemesh/protocol'

interface Heard {
  /** The number that came from the peer last: what the next beat to it repeats. */
  seq: number
  /** Greatest number of this node's own that the peer has repeated, or that can prove nothing. */
  echo: number
  /** Awake ms of the last round trip: of the beat that repeated a number for the first time. */
  provenAt: number | undefined
  /** Awake ms since which a round trip is expected; undefined: there was no link yet that could carry it. */
  expectedAt: number | undefined
}

/**
 * Beats are numbered, and each repeats the last number that came from the other side. A number that comes back proves
 * a round trip: the peer hears this node and is heard by it. One message per direction and interval proves it to both,
 * where a question and an answer each would take two.
 */
export class Beats {
  readonly #peers = new Map<string, Heard>()
  #seq = 0
  readonly #load: () => number | undefined
  /** Awake ms of the last round trip with anybody. */
  lastProofAt: number

  /** @param load what beats say of how much this node is asked for; undefined: nothing */
  constructor(awake: number, load: () => number | undefined = () => undefined) {
    this.#load = load
    this.lastProofAt = awake
  }

  /** From now on silence of this peer is measured, as if there had been a round trip at `awake`. It proves nothing. */
  expect(peer: string, awake: number): void {
    const heard = this.#of(peer, this.#seq)
    heard.expectedAt = Math.max(heard.expectedAt ?? awake, awake)
  }

  forget(peer: string): void {
    this.#peers.delete(peer)
  }

  /** A new link: whoever is at its other end may have started anew, and counts from 1. */
  restart(peer: string): void {
    const heard = this.#peers.get(peer)
    if (heard !== undefined) heard.seq = 0
  }

  /** The number of the last round. */
  get seq(): number {
    return this.#seq
  }

  /** All beats of one round have one number. */
  nextRound(): void {
    this.#seq++
  }

  /** @param urgent the peer shall answer at once, not with its next round */
  beat(to: string, urgent: boolean): Message {
    const load = this.#load()
    const beat = { kind: 'beat', seq: this.#seq, echo: this.#of(to, this.#seq - 1).seq, urgent } as const
    return load === undefined ? beat : { ...beat, load }
  }

  /** Returns true when the beat proves a round trip. */
  receive(from: string, beat: Message & { kind: 'beat' }, awake: number): boolean {
    const heard = this.#of(from, this.#seq)
    // Beats of one link come in order. One of the link before may come late, from a process that counted further: the
    // next beat puts that right, where the greatest number of all would be repeated to a peer that never sent it.
    heard.seq = beat.seq
    if (beat.echo <= heard.echo || beat.echo > this.#seq) return false
    heard.echo = beat.echo
    heard.provenAt = awake
    this.lastProofAt = awake
    return true
  }

  /** Awake ms of the last round trip; undefined when there was none. */
  provenAt(peer: string): number | undefined {
    return this.#peers.get(peer)?.provenAt
  }

  /** Awake ms since which the peer is silent: of the last round trip, or since which one is expected. Undefined: neither. */

  silentSince(peer: string): number | undefined {
    const { expectedAt, provenAt } = this.#peers.get(peer) ?? {}
    return expectedAt === undefined ? provenAt : Math.max(expectedAt, provenAt ?? expectedAt)
  }

  /** True when there was a round trip with somebody else than `except` since then. */
  provenSince(awake: number, except: string): boolean {
    for (const peer of this.heardSince(awake)) if (peer !== except) return true
    return false
  }

  /** Peers with a round trip since then. */
  *heardSince(awake: number): Iterable<string> {
    for (const [peer, { provenAt }] of this.#peers)
      if (provenAt !== undefined && provenAt >= awake) yield peer
  }

  /** Numbers up to `before` were not sent to this peer, or so long ago that their coming back proves nothing. */
  #of(peer: string, before: number): Heard {
    const known = this.#peers.get(peer)
    if (known !== undefined) return known
    const heard: Heard = { seq: 0, echo: before, provenAt: undefined, expectedAt: undefined }
    this.#peers.set(peer, heard)
    return heard
  }
}
