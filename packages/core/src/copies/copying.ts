// Copies of hot keys put together: which keys this node grants copies of, and which it holds (decision 0041).

import { type Configuration, LIMITS, namespaceOf } from '@cachemesh/protocol'
import type { SettingsReader } from '../configuration/settings.ts'
import type { Instant } from '../limits/instant.ts'
import type { Load } from '../load/load.ts'
import type { Placement } from '../placement/placement.ts'
import type { Entry } from '../store/entry.ts'
import type { Store } from '../store/store.ts'
import { ClockWatch } from './clock-watch.ts'
import { Grants } from './grants.ts'
import { Held } from './held.ts'

export interface CopyingParts {
  readonly self: string
  readonly store: Store
  readonly placement: Placement
  readonly load: Load
  readonly settings: SettingsReader
  readonly at: Instant
  /** This node is not about to be given up by the others: most of its observers answered it a moment ago. */
  readonly isWatched: (now: number) => boolean
}

/** A read that a peer asked this node for, of a key that this node owns. */
export interface AskedRead {
  readonly key: string
  readonly hash: number
  readonly peer: string
  /** The peer shares the arc of the key, and answers others from its copy. */
  readonly shares?: boolean
  /** The peer had a copy, and is asked for the key often. */
  readonly lapsed: boolean
}

/** A copy travels on the stream of small frames: there nothing that is said later overtakes it. */
const VALUE_BYTES_MAX = LIMITS.smallFrameBytesMax - 2_048

export class Copying {
  readonly grants = new Grants()
  readonly held: Held
  readonly #parts: CopyingParts
  readonly #clocks: ClockWatch
  /** Somewhere copies are granted at the first read. */
  #atOnce = false

  constructor(parts: CopyingParts) {
    this.#parts = parts
    this.held = new Held(parts.store)
    this.#clocks = new ClockWatch(parts.at)
  }

  /** Before each step. True when this node's time is not to be trusted: then its copies are void. */
  stepped(at: Instant): boolean {
    this.grants.sweep(at.now)
    const jumped = this.#clocks.jumped(at)
    if (jumped) this.held.void()
    return jumped
  }

  follow(configuration: Configuration): void {
    this.#atOnce = false
    const namespaces = configuration.registers.flatMap(({ name }) =>
      name.startsWith('namespaces/') ? name.slice('namespaces/'.length) : [],
    )
    // The default namespace stands for all that the configuration does not name.
    for (const namespace of ['', ...namespaces]) {
      const { settings } = this.#parts
      if (settings.in(namespace, 'copyAbove') === 0 && settings.in(namespace, 'leaseMs') > 0)
        this.#atOnce = true
    }
  }

  /** Counts a read of this node's own program. Most are not counted, and look at no clock. */
  asks(key: string, hash: number, at: { readonly now: number }): void {
    const { load, self, placement } = this.#parts
    if (load.sampled())
      load.count(key, hash, {
        asker: self,
        owned: placement.owns(hash, key),
        position: placement.positionOf(hash, key),
        now: at.now,
      })
  }

  /** Counts a read of a peer that was answered in the place of the owner: a load of this node like those of its own keys. */
  shares(key: string, hash: number, { asker, now }: { readonly asker: string; readonly now: number }): void {
    const { load } = this.#parts
    if (load.sampled()) load.count(key, hash, { asker, owned: true, position: undefined, now })
  }

  /** True when this node had a copy of the key until a moment ago, and its program asks for it often. */
  lapsed(key: string, hash: number, now: number): boolean {
    if (!this.held.lapsed(key, hash)) return false
    const { load, self, settings } = this.#parts
    return load.askedBy(key, self, now) >= settings.in(namespaceOf(key), 'copyAbove')
  }

  /**
   * Counts a read of a peer. Returns for how long the peer may answer from a copy, ms; 0: it may not. Nearly every
   * read is not counted, and costs two comparisons.
   */
  asked(read: AskedRead, entry: Entry | undefined, now: number): number {
    const { load, placement } = this.#parts
    const isCounted = load.sampled()
    if (isCounted)
      load.count(read.key, read.hash, {
        asker: read.peer,
        owned: true,
        position: placement.positionOf(read.hash, read.key),
        now,
      })
    if (!isCounted && !read.lapsed && !this.#atOnce) return 0
    return entry === undefined ? 0 : this.#grant(read, entry, now)
  }

  #grant({ key, peer, shares, lapsed }: AskedRead, entry: Entry, now: number): number {
    const { load, settings, isWatched } = this.#parts
    const namespace = namespaceOf(key)
    const leaseMs = settings.in(namespace, 'leaseMs')
    if (leaseMs === 0 || entry.value.length > VALUE_BYTES_MAX || entry.staleAt <= now) return 0
    const above = settings.in(namespace, 'copyAbove')
    if (!lapsed && shares !== true && above > 0 && load.askedBy(key, peer, now) < above) return 0
    return isWatched(now) && this.grants.grant(key, peer, { now, leaseMs }) ? leaseMs : 0
  }
}
