import type { Rules } from '../limits/limits.ts'

/**
 * How far this node may trust its own senses (Lifeguard: Dadgar, Phillips, Currey, 2017). A process that did not run
 * has heard nobody, and its peers are not to blame: the time of a pause counts for nothing, and each pause makes the
 * node more patient with others for a while.
 *
 * A pause shows in the node's own timers: it is stepped later than it asked for. No clock of the runtime is needed,
 * and the same rule works in virtual time.
 */
export class LocalHealth {
  readonly #rules: Pick<Rules, 'lateMs' | 'doubtMax' | 'doubtMs'>
  #pausedMs = 0
  #doubt = 0
  #doubtEndsAt = 0
  #steppedAt = 0

  constructor(rules: Pick<Rules, 'lateMs' | 'doubtMax' | 'doubtMs'>) {
    this.#rules = rules
  }

  /** Before each step: it is `now`, and the node had asked for a step at `wantedAt` at the latest. */
  stepped(now: number, wantedAt: number): void {
    const { lateMs, doubtMax, doubtMs } = this.#rules
    // A step that is no tick leaves the tick that was asked for still to come: the same wait counts once.
    const late = now - Math.max(wantedAt, this.#steppedAt)
    this.#steppedAt = now
    if (late > lateMs) {
      this.#pausedMs += late
      this.#doubt = Math.min(this.#doubt + Math.ceil(late / 1_000), doubtMax - 1)
      this.#doubtEndsAt = now + doubtMs
    } else if (this.#doubt > 0 && now >= this.#doubtEndsAt) {
      this.#doubt--
      this.#doubtEndsAt = now + doubtMs
    }
  }

  /** Ms that this node has been awake, since any moment. */
  awake(now: number): number {
    return now - this.#pausedMs
  }

  /** The inverse, if no pause comes in between. */
  atAwake(awake: number): number {
    return awake + this.#pausedMs
  }

  /** Times of the detector are multiplied by this: 1 while all is well. */
  get patience(): number {
    return 1 + this.#doubt
  }
}
