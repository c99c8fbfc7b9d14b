import {
  applyDelta,
  author,
  CacheMeshError,
  Configuration,
  type ConfigurationRecord,
  checkVersion,
  type Delta,
  deltaTo,
  destroy,
  digestPrefix,
  type Label,
  LIMITS,
  type Summary,
  sizeOf,
  summaryOf,
  type TombstoneBound,
  type Version,
} from '@cachemesh/protocol'
import { BOUNDS, RULES, type Rules } from '../limits/limits.ts'
import { Merges } from './merges.ts'

/** What joining other documents did. */
export type Joined =
  | { readonly changed: boolean; readonly mergedAnew: false }
  /** The document now is neither what this node held nor what any of `theirs` says. */
  | { readonly changed: true; readonly mergedAnew: true; readonly theirs: readonly Configuration[] }

const NOTHING_NEW: Joined = { changed: false, mergedAnew: false }

type TombstoneRules = Pick<Rules, 'tombstonesMin' | 'tombstonesPerLiving' | 'horizon'>

/** Tells whether a step from one document to another has to wait. */
export type Waits = (before: Configuration, after: Configuration) => boolean

/**
 * The configuration that this node holds, and the ones it held before: deltas and peers that are a little
 * behind refer to those.
 */
export class Ledger {
  readonly #bound: TombstoneBound
  readonly #merges: Merges
  #current: Configuration
  /** Newest last; the current one included. */
  readonly #history: Configuration[] = []
  /** Documents of others that wait to be joined, the latest of them: bases of deltas that may come. */
  #waiting: readonly Configuration[] = []
  /** What would be held if none of all that wait did, and the document for which that was found. */
  #prospect: { readonly current: Configuration; readonly joined: Configuration } | undefined
  /** Digests of documents that were joined here or wait to be, by their first bits, oldest first: they are no news. */
  readonly #met = new Map<number, string>()
  /** Those of them that wait; the documents may be joined with each other already. */
  readonly #awaited = new Set<string>()
  /** The serial here is one of the mesh, and measures others. A newcomer's own says nothing of any mesh. */
  #compared: boolean

  /** @param rules how many tombstones are kept; those of the protocol, except to show what they are for */
  constructor(initial: Configuration, rules: TombstoneRules = RULES, merges: Merges = new Merges()) {
    this.#merges = merges
    const { tombstonesMin: min, tombstonesPerLiving: perLiving, horizon } = rules
    this.#bound = { min, perLiving, forgetful: horizon === 0 }
    this.#current = initial
    this.#compared = initial.version.serial > 0
    this.#history.push(Configuration.empty(initial.meshId), initial)
  }

  get current(): Configuration {
    return this.#current
  }

  /**
   * Writes records as their author. Returns false when they change nothing. Throws ERR_MALFORMED_CONFIGURATION
   * when there is no room for them, and then changes nothing.
   */
  author(records: readonly ConfigurationRecord[], wall: number): boolean {
    const written = author(this.#current, records, { now: wall, bound: this.#bound })
    checkSize(written)
    return this.#hold(written)
  }

  /** Gives the mesh up, as the author of that. */
  destroy(wall: number): boolean {
    return this.#hold(destroy(this.#current, wall))
  }

  /**
   * Joins another node's document, given as a delta. Undefined: it is relative to a document that is not
   * known here, so the peer's has to be pulled. Throws ERR_MALFORMED_CONFIGURATION or ERR_WRONG_MESH.
   */
  join(delta: Delta, waits: Waits = () => false): Joined | undefined {
    if (delta.meshId !== this.#current.meshId) {
      throw new CacheMeshError(
        'ERR_WRONG_MESH',
        `A configuration of mesh ${JSON.stringify(delta.meshId)} was refused`,
      )
    }
    checkVersion(delta.version, this.#measure)
    if (this.knows(delta.version.digest) || this.met(delta.version)) {
      // An old acquaintance says nothing new; its serial may still be higher than ours.
      this.adopt(delta.version)
      return NOTHING_NEW
    }
    const base = this.#find(delta.base)
    if (base === undefined) return undefined
    const theirs = applyDelta(base, delta)
    const joined = this.#merge(this.#current, theirs)
    checkSize(joined)
    this.#compared = true
    this.#meet(theirs.version)
    if (waits(this.#current, joined)) {
      this.#wait(theirs)
      return NOTHING_NEW
    }
    return this.#become(joined, [theirs])
  }

  /** True when documents wait to be joined. */
  get waiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Joins all that waited, unless it has to wait on: one may answer what another says. */
  joinWaiting(waits: Waits): Joined {
    if (!this.waiting) return NOTHING_NEW
    const joined = this.#prospective()
    if (waits(this.#current, joined)) return NOTHING_NEW
    const theirs = this.#waiting
    this.#waiting = []
    this.#prospect = undefined
    this.#awaited.clear()
    return this.#become(joined, theirs)
  }

  /**
   * What would be held if nothing waited any more. Every step asks for it, and few change it: what is new is joined with
   * what there was, since the order of joins makes no difference.
   */
  #prospective(): Configuration {
    const [current, known] = [this.#current, this.#prospect]
    if (known === undefined) return current
    if (known.current === current) return known.joined
    const joined = this.#merge(current, known.joined)
    this.#prospect = { current, joined }
    return joined
  }

  /** The same text under two labels keeps the higher. Returns false when the texts differ. */
  adopt(version: Version): boolean {
    if (version.digest !== this.#current.version.digest) return false
    checkVersion(version, this.#measure)
    this.#compared = true
    const { serial, timestamp } = this.#current.version
    if (version.serial > serial || version.timestamp > timestamp) {
      const label = {
        serial: Math.max(serial, version.serial),
        timestamp: Math.max(timestamp, version.timestamp),
      }
      this.#current = Configuration.of(this.#current, label)
      this.#history[this.#history.length - 1] = this.#current
    }
    return true
  }

  /** What takes a node that holds the document with this summary to the current one. */
  deltaFrom(summary: Summary): Delta {
    return deltaTo(this.#current, summary)
  }

  /** Likewise for a document that was held here before; undefined when it is not remembered. */
  deltaFromDigest(digest: string): Delta | undefined {
    const base = this.#find(digest)
    return base && deltaTo(this.#current, summaryOf(base))
  }

  /** True for a document that was joined here of late, or waits to be: the current one says all that it says, or will. */
  met(version: Version): boolean {
    return this.#met.get(digestPrefix(version)) === version.digest
  }

  /** Likewise by the first bits of its digest alone. */
  hasMet(prefix: number): boolean {
    return this.#met.has(prefix)
  }

  /** True for the current document, those of the recent past, and those that wait to be joined. */
  knows(digest: string): boolean {
    return this.#find(digest) !== undefined
  }

  /** A document of the recent past, the current one included, by the first bits of its digest. */
  remembers(prefix: number): Configuration | undefined {
    return this.#history.findLast(held => held.prefix === prefix)
  }

  get #measure(): Label | undefined {
    return this.#compared ? this.#current.version : undefined
  }

  /** True for a document that waits to be joined, by the first bits of its digest. */
  awaits(prefix: number): boolean {
    const digest = this.#met.get(prefix)
    return digest !== undefined && this.#awaited.has(digest)
  }

  /** Documents that were met long enough ago are news again, should anybody still hold them; those that wait are not. */
  forgetMet(): void {
    for (const [prefix, digest] of this.#met) if (!this.#awaited.has(digest)) this.#met.delete(prefix)
  }

  readonly #merge = (mine: Configuration, theirs: Configuration): Configuration =>
    this.#merges.of(mine, theirs, this.#bound)

  #meet(version: Version): void {
    this.#met.set(digestPrefix(version), version.digest)
    for (const prefix of this.#met.keys()) {
      if (this.#met.size <= BOUNDS.metMax) break
      this.#met.delete(prefix)
    }
  }

  #find(digest: string): Configuration | undefined {
    // The commonest by far. Most digests that are asked for are one and the same text.
    if (this.#current.version.digest === digest) return this.#current
    const prefix = digestPrefix({ digest })
    const isSought = (held: Configuration): boolean =>
      held.prefix === prefix && held.version.digest === digest
    return this.#history.findLast(isSought) ?? this.#waiting.findLast(isSought)
  }

  #wait(theirs: Configuration): void {
    this.#awaited.add(theirs.version.digest)
    this.#waiting = [...this.#waiting.slice(1 - BOUNDS.waitingMax), theirs]
    const joined = this.#merge(this.#prospective(), theirs)
    this.#prospect = { current: this.#current, joined }
  }

  #become(joined: Configuration, theirs: readonly Configuration[]): Joined {
    if (!this.#hold(joined)) return NOTHING_NEW
    return theirs.some(({ version }) => version.digest === joined.version.digest)
      ? { changed: true, mergedAnew: false }
      : { changed: true, mergedAnew: true, theirs }
  }

  #hold(next: Configuration): boolean {
    if (next === this.#current) return false
    const changed = next.version.digest !== this.#current.version.digest
    this.#current = next
    if (!changed) {
      this.#history[this.#history.length - 1] = next
      return false
    }
    this.#history.push(next)
    // The empty document stays: whole configurations are deltas from it.
    if (this.#history.length > BOUNDS.historyMax) this.#history.splice(1, 1)
    return true
  }
}

/** A document beyond these bounds is one that nobody can be sent, and that cannot be kept. */
function checkSize(configuration: Configuration): void {
  const sizeBytes = sizeOf(configuration)
  let [records, members] = [0, 0]
  for (const bucket of configuration.buckets) {
    records += bucket.records.length
    members += bucket.living + bucket.tombstones
  }
  const registers = records - members
  if (
    members <= LIMITS.membersMax &&
    registers <= LIMITS.registersMax &&
    sizeBytes <= LIMITS.configurationBytesMax
  )
    return
  throw new CacheMeshError(
    'ERR_MALFORMED_CONFIGURATION',
    `A configuration of ${members} members, ${registers} other records and ${sizeBytes} bytes was ` +
      `refused; the limits are ${LIMITS.membersMax}, ${LIMITS.registersMax} and ${LIMITS.configurationBytesMax}`,
  )
}
