import {
  type CacheMeshError,
  checkValue,
  type EntryBody,
  FLAG,
  type Frame,
  hashKey,
  KIND,
} from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Role } from '../placement/router.ts'
import type { Entry } from '../store/entry.ts'
import { type Call, type KeyRequest, NO_HOPS } from './call.ts'
import { remainingTtl } from './execution.ts'
import type { NodeParts } from './node-parts.ts'

/** An entry that was found. `value` must be copied before it is kept or handed out, unless `owned`. */
export interface Found extends EntryBody {
  /** Nobody else has the memory of the value, nor will have. */
  readonly owned?: boolean
  readonly version: number
  /** Where it was: in this node's memory, as a copy held here or by one who shares the arc, or at another member. */
  readonly served: 'local' | 'copy' | 'forwarded'
  /** The member that answered this node; it may have asked another. */
  readonly by: string
}

export interface LookupParts<T> {
  readonly node: NodeParts
  readonly key: string
  readonly hash: number
  /** When it was asked, and until when it waits for an answer, monotonic ms. */
  readonly askedAt: number
  readonly deadline: number
  /**
   * Makes the result out of what was found, while it is valid. A miss is not `certain` when anybody on the way was
   * passed over, or nobody could be asked who owns the key: the entry may be there all the same.
   */
  take(found: Found | undefined, certain: boolean): T
  resolve(result: T): void
  reject(error: unknown): void
}

/** A get of this node's own program. Most calls are: it is one object, and makes no closures. */
export class Lookup<T> implements Call, KeyRequest {
  readonly kind = 'get'
  readonly key: string
  readonly hash: number
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  straight = true
  /** This node had a copy until a moment ago, and the key is asked for often. */
  readonly lapsed: boolean
  readonly #askedAt: number
  readonly #node: NodeParts
  readonly #take: LookupParts<T>['take']
  readonly #resolve: (result: T) => void
  readonly #reject: (error: unknown) => void

  constructor({ node, key, hash, askedAt, deadline, take, resolve, reject }: LookupParts<T>) {
    this.key = key
    this.hash = hash
    this.deadline = deadline
    this.#askedAt = askedAt
    this.#node = node
    this.lapsed = node.copying.held.any && node.copying.lapsed(key, hash, askedAt)
    this.#take = take
    this.#resolve = resolve
    this.#reject = reject
  }

  get request(): KeyRequest {
    return this
  }

  answered(frame: Frame, at: Instant): void {
    const { leaseMs } = frame
    const found = foundIn(frame, this.to)
    if (leaseMs > 0 && found !== undefined)
      this.#node.copying.held.keep(this.key, { ...found, askedAt: this.#askedAt, leaseMs }, at.now)
    this.#finish(found, this.failed.length === 0 && !frame.stoodIn)
  }

  /** Answers out of a copy, if this node holds one of what another member owns. False: it does not. */
  answeredByCopy(at: Instant): boolean {
    const { copying } = this.#node
    const address = copying.held.seek(this.key, this.hash, at)
    if (address === 0) return false
    copying.asks(this.key, this.hash, at)
    this.#finish(foundCopyAt(this.#node, address, at.now), true)
    return true
  }

  served(as: Role, at: Instant): void {
    this.#finish(foundHere(this.#node, this.key, at.now), as === 'owner')
  }

  failedWith(error: CacheMeshError): void {
    this.#reject(error)
  }

  #finish(found: Found | undefined, certain: boolean): void {
    try {
      this.#resolve(this.#take(found, certain))
    } catch (error) {
      this.#reject(error)
    }
  }
}

/** What this node's own memory holds. */
export function foundHere(node: NodeParts, key: string, now: number): Found | undefined {
  const entry = node.store.read(key, now)
  return entry && foundEntry(node, entry, now)
}

export function foundEntry(node: NodeParts, entry: Entry, now: number): Found {
  const { value, contentType, version } = entry
  return { value, contentType, version, ttlMs: remainingTtl(entry, now), served: 'local', by: node.id }
}

/** The copy of what another member owns, while it may be answered from. */
export function foundCopy(node: NodeParts, key: string, now: number): Found | undefined {
  const address = node.copying.held.seek(key, hashKey(key), { now })
  return address === 0 ? undefined : foundCopyAt(node, address, now)
}

/** A copy that `Held.seek` has found. */
export function foundCopyAt(node: NodeParts, address: number, now: number): Found {
  return { ...foundEntry(node, node.store.copies.entryAt(address), now), served: 'copy' }
}

function foundIn(frame: Frame, by: string): Found | undefined {
  if (frame.kind !== KIND.hit) return undefined
  const isCopy = (frame.flags & FLAG.copied) !== 0 && frame.leaseMs === 0
  const { owned } = frame
  const version = frame.version()
  const { value, contentType, ttlMs } = frame.entry()
  checkValue(value, contentType)
  return { value, contentType, ttlMs, version, served: isCopy ? 'copy' : 'forwarded', by, owned }
}

/** The version and entry that a frame has next. `by`: the member that it came from. */
export function readFound(frame: Frame, by: string): Found {
  const version = frame.version()
  const { value, contentType, ttlMs } = frame.entry()
  checkValue(value, contentType)
  return { value, contentType, ttlMs, version, served: 'forwarded', by }
}
