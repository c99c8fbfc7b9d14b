// Who can be reached: beats over the links that there are, checks with helpers, and what this node may conclude from
// both. It judges nobody; a node that nobody answers learns here that it is the one that is cut off.

import type { Message } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import type { Rules } from '../limits/limits.ts'
import { Beats } from './beats.ts'
import { type CheckOutput, Checks } from './checks.ts'
import type { DetectorOutput, Sent } from './detector-output.ts'
import { Watched } from './watched.ts'

export interface ReachParts {
  readonly rules: Pick<Rules, 'checkMs' | 'silenceMs' | 'helpersMax'>
  readonly linked: ReadonlySet<string>
  readonly random: Random
  /** What beats say of how much this node is asked for. */
  readonly load?: () => number | undefined
  readonly now: number
}

export class Reach {
  readonly beats: Beats
  readonly checks: Checks
  /** Whether others hear this node. */
  readonly watched = new Watched()
  readonly #rules: Pick<Rules, 'checkMs' | 'silenceMs' | 'helpersMax'>
  readonly #linked: ReadonlySet<string>
  readonly #random: Random
  /** There was a link to a neighbour. */
  #hasMet = false

  constructor(parts: ReachParts) {
    this.#rules = parts.rules
    this.#linked = parts.linked
    this.#random = parts.random
    this.beats = new Beats(parts.now, parts.load)
    this.checks = new Checks(this.beats)
  }

  /** Somebody other than the member has answered this node a moment ago: it is not the one that is cut off. */
  assured(member: string, awake: number): boolean {
    return this.beats.provenSince(awake - this.#rules.silenceMs, member)
  }

  /** A beat to each of them with whom there is a link. `urgent`: they answer at once. */
  beatAll(peers: Iterable<string>, now: number, urgent = false): Sent[] {
    this.beats.nextRound()
    this.watched.sent(this.beats.seq, now)
    const outputs: Sent[] = []
    for (const to of peers)
      if (this.#linked.has(to)) outputs.push({ kind: 'send', to, message: this.beats.beat(to, urgent) })
    return outputs
  }

  /**
   * A beat to each neighbour. The first links to neighbours may have to wait for the machine: until there is one, whoever let this
   * node in tells it that it is not alone.
   */
  beatAround(neighbours: Iterable<string>, now: number): DetectorOutput[] {
    const beats = this.beatAll(neighbours, now)
    this.#hasMet ||= beats.length > 0
    const [host] = this.#hasMet ? [] : this.#linked
    return host === undefined ? beats : [this.knock(host)]
  }

  /** An urgent beat, with a number of its own. */
  knock(to: string): DetectorOutput {
    this.beats.nextRound()
    return { kind: 'send', to, message: this.beats.beat(to, true) }
  }

  /** Tries to reach a member, with the help of others. */
  check(member: string, { awake, patience }: { awake: number; patience: number }): DetectorOutput[] {
    const { checkMs, silenceMs, helpersMax } = this.#rules
    const helpers: string[] = []
    for (const peer of this.beats.heardSince(awake - silenceMs))
      if (peer !== member && this.#linked.has(peer)) helpers.push(peer)
    while (helpers.length > helpersMax) helpers.splice(this.#random.below(helpers.length), 1)
    return this.#carried(this.checks.start(member, { helpers, awake, forMs: checkMs * patience }), awake)
  }

  /** A peer asks this node to try. */
  asked(from: string, member: string, awake: number): DetectorOutput[] {
    const forMs = this.#rules.checkMs
    return this.#carried(this.checks.asked(from, member, { awake, forMs }), awake)
  }

  /** Returns whether the beat proves a round trip, and what follows from it. */
  beaten(
    from: string,
    beat: Message & { kind: 'beat' },
    awake: number,
  ): { proven: boolean; outputs: DetectorOutput[] } {
    const proven = this.beats.receive(from, beat, awake)
    if (proven) this.watched.repeated(from, beat.echo)
    return { proven, outputs: proven ? this.#carried(this.checks.proven(from), awake) : [] }
  }

  tick(awake: number): DetectorOutput[] {
    return this.#carried(this.checks.tick(awake), awake)
  }

  #carried(outputs: readonly CheckOutput[], awake: number): DetectorOutput[] {
    const carried: DetectorOutput[] = []
    for (const output of outputs) {
      if (output.kind === 'want') carried.push(output)
      else if (output.kind === 'beat') {
        if (this.#linked.has(output.to)) carried.push(this.knock(output.to))
      } else if (output.kind === 'ask') {
        const { helper: to, member } = output
        carried.push({ kind: 'send', to, message: { kind: 'check', member } })
      } else {
        const { to, member, reached } = output
        // Whoever is heard by nobody cannot witness that another is not.
        if (reached || this.assured(member, awake))
          carried.push({ kind: 'send', to, message: { kind: 'checked', member, reached } })
      }
    }
    return carried
  }
}
