import { TIMES } from '../limits/limits.ts'

/** 2025-01-01T00:00:00Z: versions count from here, so that milliseconds and a counter fit into 53 bits. */
const EPOCH_MS = 1_735_689_600_000
const TICKS_PER_MS = 2_048
const NO_PEER = 0
/** A peer's clock that moved by less has not moved: a tenth of what would matter. */
const NEGLIGIBLE_MS = TIMES.clockSkewMaxMs / 10

/**
 * Versions of entries: a hybrid logical clock (Kulkarni et al., 2014) in one safe integer, milliseconds
 * times 2,048 plus a counter. A new version is greater than every one issued or seen here, and close to the
 * wall clock, so that the later of two writers usually wins even when they never heard of each other.
 */
export class VersionClock {
  #last = 0
  #stamp: { clock: number } = { clock: 0 }
  #correctionMs = 0
  readonly #offsets = new Map<string, number>()

  /** Greatest version issued or seen. */
  get last(): number {
    return this.#last
  }

  /**
   * From now on every frame that carries this stamp says the greatest version issued or seen, so that whoever hears of an
   * entry from this node, however that came here, writes above it.
   */
  showIn(stamp: { clock: number }): void {
    this.#stamp = stamp
    stamp.clock = this.#last
  }

  #raise(version: number): number {
    this.#last = version
    this.#stamp.clock = version
    return version
  }

  /** The next version for a write here. `wall` is the wall clock in ms since 1970. */
  next(wall: number): number {
    return this.#raise(Math.max(this.#at(wall), this.#last + 1))
  }

  /**
   * A version above all that this node and those with which it compares clocks can have given so far: one that ends
   * what they wrote, though their clocks differ. A clock that is further ahead than a write may be is not believed.
   */
  nextForAll(wall: number): number {
    const ahead = [...this.#offsets.values()].filter(offset => offset <= TIMES.clockAheadMaxMs)
    return this.#raise(Math.max(this.next(wall), this.#at(wall + Math.max(0, ...ahead))))
  }

  /** Takes note of another node's version. False: it lies too far ahead and the write has to be refused. */
  see(version: number, wall: number): boolean {
    if (version <= this.#last) return true
    if (version > this.#at(wall + TIMES.clockAheadMaxMs)) return false
    this.#raise(version)
    return true
  }

  /**
   * The current time as a version, for peers to compare their clocks with. Not what was seen: the fastest clock would
   * be seen by all, come back from all of them, and pass for the right one.
   */
  current(wall: number): number {
    return this.#at(wall)
  }

  /**
   * Compares clocks with a peer, by a stamp it has just made. A node whose clock is off the median of all clocks,
   * its own counted, uses the median: with its own it would win, or lose, every conflict. Two clocks that differ
   * do not say which of them is wrong: of two in the middle the one nearer to its own is the median.
   */
  compare(peer: string, stamp: number, wall: number): void {
    const offset = stamp / TICKS_PER_MS + EPOCH_MS - wall
    // Every message is compared: one that says what is known costs no median.
    if (Math.abs(offset - (this.#offsets.get(peer) ?? Number.NaN)) < NEGLIGIBLE_MS) return
    this.#offsets.set(peer, offset)
    this.#correct()
  }

  /** A node keeps the correction it got when there are too few left to judge by: clocks do not heal by a cut. */
  forget(peer: string): void {
    if (this.#offsets.delete(peer) && this.#offsets.size > 1) this.#correct()
  }

  #correct(): void {
    const sorted = [NO_PEER, ...this.#offsets.values()].sort((a, b) => a - b)
    const below = sorted[Math.floor((sorted.length - 1) / 2)] as number
    const above = sorted[Math.floor(sorted.length / 2)] as number
    const median = Math.abs(below) < Math.abs(above) ? below : above
    this.#correctionMs = Math.abs(median) > TIMES.clockSkewMaxMs ? median : 0
  }

  #at(wall: number): number {
    return Math.max(0, Math.floor(wall + this.#correctionMs - EPOCH_MS)) * TICKS_PER_MS
  }
}
