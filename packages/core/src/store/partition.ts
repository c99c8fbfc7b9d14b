// Entries of one kind within the budget of the node: the table of their keys, and the policy that decides who stays.
// Expiry is kept in the entry and judged by the caller's `now`.

import { hashKey } from '@cachemesh/protocol'
import { Adaptive } from './adaptive.ts'
import type { Blocks, Extent } from './blocks.ts'
import type { Budget, Tenant } from './budget.ts'
import type { Entry } from './entry.ts'
import { Ghosts } from './ghosts.ts'
import { GreedyDual } from './greedy-dual.ts'
import { HashTable } from './hash-table.ts'
import { EXPIRES, ORDER, VERSION } from './layout.ts'
import { Lru } from './lru.ts'
import type { Policy, PolicyName, PolicyParts } from './policy.ts'
import { S3Fifo } from './s3-fifo.ts'

/** So many keys may have one hash. By chance it is two or three among millions; who sends more has searched for them. */
const ALIKE_MAX = 16

const BATCH = 1_024
const NEVER = Number.POSITIVE_INFINITY

export interface PartitionOptions {
  readonly policy: PolicyName
  /** Of the budget. */
  readonly share: number
}

export class Partition implements Tenant {
  readonly #budget: Budget
  readonly #blocks: Blocks
  readonly #table: HashTable
  readonly #ghosts: Ghosts
  readonly #policy: Policy
  #bytes = 0
  /** Entries that expire some time. */
  #mortals = 0
  #evictions = 0
  #expirations = 0
  #forgotten = 0

  constructor(budget: Budget, { policy, share }: PartitionOptions) {
    this.#budget = budget
    this.#blocks = budget.blocks
    const { blocks, queues, partBits, seed } = budget
    this.#table = new HashTable(blocks.segments, partBits, seed)
    this.#ghosts = new Ghosts(partBits)
    this.#policy = policyOf(policy, { blocks, queues, queue: budget.join(this, share) })
  }

  get mortals(): number {
    return this.#mortals
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Greatest version among what was evicted, or has expired: older ones of the same keys may be elsewhere. */
  get forgotten(): number {
    return this.#forgotten
  }

  get tableBytes(): number {
    return this.#table.bytes + this.#ghosts.bytes
  }

  /** Address of the entry of a key, be it expired; 0 when there is none. It is valid until the next write. */
  seek(key: string, hash: number): number {
    return this.#table.find(key, this.#table.orderOf(hash))
  }

  entryAt(address: number): Entry {
    return this.#blocks.entryOf(address)
  }

  /** An entry was read that `seek` has found. */
  hit(address: number): void {
    this.#policy.hit(address)
  }

  expiresAt(address: number): number {
    return this.#blocks.segments.double(address, EXPIRES)
  }

  versionOf(address: number): number {
    return this.#blocks.segments.double(address, VERSION)
  }

  get(key: string, now: number, hash: number = hashKey(key)): Entry | undefined {
    const address = this.seek(key, hash)
    if (address === 0) return undefined
    if (this.expiresAt(address) <= now) {
      this.expire(address)
      return undefined
    }
    this.#policy.hit(address)
    return this.#blocks.entryOf(address)
  }

  /** As `get`, without a look at when it expires. */
  find(key: string, hash: number = hashKey(key)): Entry | undefined {
    const address = this.seek(key, hash)
    if (address === 0) return undefined
    this.#policy.hit(address)
    return this.#blocks.entryOf(address)
  }

  /** True when an entry of this size can be kept at all. */
  fits(key: string, entry: Entry): boolean {
    return this.#budget.fits(this.#extentOf(key, entry))
  }

  /** Keeps a copy of an entry, instead of the one that was there. False, and nothing done, when it does not fit. */
  put(key: string, entry: Entry, hash: number = hashKey(key)): boolean {
    if (this.#blocks.isView(entry.value)) {
      return this.put(key, { ...entry, value: new Uint8Array(entry.value) }, hash)
    }
    const extent = this.#extentOf(key, entry)
    if (!this.#budget.fits(extent)) return false
    const order = this.#table.orderOf(hash)
    const { priority } = this.#policy
    const old = this.#table.find(key, order)
    if (old !== 0 && this.#blocks.canHold(old, extent)) {
      if (this.expiresAt(old) !== NEVER) this.#mortals--
      if (entry.expiresAt !== NEVER) this.#mortals++
      this.#blocks.write(old, key, order, { entry, priority })
      this.#policy.hit(old)
      return true
    }
    const queue = old === 0 ? -1 : this.#budget.queues.queueOf(old)
    const hits = old === 0 ? 0 : this.#blocks.hitsOf(old)
    if (old !== 0) this.#drop(old)
    const address = this.#budget.take(extent)
    this.#blocks.write(address, key, order, { entry, priority })
    this.#table.add(order, address)
    this.#bytes += this.#blocks.charge(address)
    if (entry.expiresAt !== NEVER) this.#mortals++
    if (old === 0) this.#added(order, address)
    else {
      this.#blocks.setHits(address, hits)
      this.#policy.replaced(queue, address)
      this.#policy.hit(address)
    }
    return true
  }

  #added(order: number, address: number): void {
    const known = this.#ghosts.take(order, this.#policy.remembered)
    if (known) this.#budget.regret(this, this.#blocks.charge(address))
    this.#policy.added(address, known)
    const first = this.#table.crowded(order, ALIKE_MAX)
    if (first !== 0) this.evict(first)
  }

  delete(key: string, hash: number = hashKey(key)): boolean {
    const address = this.seek(key, hash)
    if (address !== 0) this.#drop(address)
    return address !== 0
  }

  expire(address: number): void {
    this.#expirations++
    this.#forget(address)
  }

  evictOne(): void {
    this.evict(this.#policy.victim())
  }

  evict(address: number): void {
    this.#evictions++
    this.#ghosts.add(this.#blocks.segments.word(address, ORDER), this.#policy.remembered)
    this.#forget(address)
  }

  #forget(address: number): void {
    this.#forgotten = Math.max(this.#forgotten, this.versionOf(address))
    this.#drop(address)
  }

  /** Deletes all of which `isVoid` says so, by hash, version and address. Returns how many. */
  deleteWhere(isVoid: (hash: number, version: number, address: number) => boolean): number {
    const found: { readonly key: string; readonly hash: number }[] = []
    let after: number | undefined
    do {
      after = this.visitVersions(after, BATCH, (hash, version, address) => {
        if (isVoid(hash, version, address)) found.push({ key: this.keyAt(address), hash })
      })
    } while (after !== undefined)
    for (const { key, hash } of found) this.delete(key, hash)
    return found.length
  }

  /** Shows all of so many keys after an ordering, expired ones included: what a walk over them needs (walk.ts). */
  visitHeat(
    after: number | undefined,
    count: number,
    found: (order: number, hash: number, heat: number) => void,
  ): number | undefined {
    const table = this.#table
    return table.visit(after, count, (order, address) => {
      found(order, table.hashOf(order), this.#blocks.hitsOf(address))
    })
  }

  /** Shows the entries of one ordering, those that have expired as well. */
  showAlike(order: number, show: (shown: { key: string; hash: number; entry: Entry }) => void): void {
    const hash = this.#table.hashOf(order)
    this.#table.alike(order, address => {
      show({ key: this.#blocks.keyOf(address), hash, entry: this.#blocks.entryOf(address) })
    })
  }

  /** As `visitHeat`, with what a comparison needs of each. Its address is valid until the next write. */
  visitVersions(
    after: number | undefined,
    count: number,
    found: (hash: number, version: number, address: number) => void,
  ): number | undefined {
    const table = this.#table
    return table.visit(after, count, (order, address) => {
      found(table.hashOf(order), this.#blocks.versionOf(address), address)
    })
  }

  keyAt(address: number): string {
    return this.#blocks.keyOf(address)
  }

  /** Removes all entries, one by one: the memory is that of the other partition too. */
  clear(): void {
    const addresses: number[] = []
    do {
      for (const address of addresses) this.#drop(address)
      addresses.length = 0
      this.#table.visit(undefined, BATCH, (_order, address) => addresses.push(address))
    } while (addresses.length > 0)
  }

  moved(to: number, from: number): void {
    this.#table.moved(this.#blocks.segments.word(to, ORDER), from, to)
  }

  emptied(): void {
    this.#table.clear()
    this.#ghosts.clear()
    this.#bytes = 0
    this.#mortals = 0
  }

  #drop(address: number): void {
    if (this.expiresAt(address) !== NEVER) this.#mortals--
    this.#bytes -= this.#blocks.charge(address)
    this.#budget.queues.remove(address)
    this.#table.remove(this.#blocks.segments.word(address, ORDER), address)
    this.#blocks.free(address)
  }

  #extentOf(key: string, entry: Entry): Extent {
    return this.#blocks.extentOf(key, entry, this.#policy.priority)
  }

  get stats(): PartitionStats {
    return {
      entries: this.#table.size,
      bytes: this.#bytes,
      bytesMax: Math.floor(this.#budget.capacity * this.#budget.shareOf(this)),
      evictions: this.#evictions,
      expirations: this.#expirations,
    }
  }
}

function policyOf(name: PolicyName, parts: PolicyParts): Policy {
  if (name === 'adaptive') return new Adaptive(parts)
  if (name === 'lru') return new Lru(parts)
  return name === 'cost' ? new GreedyDual(parts) : new S3Fifo(parts)
}

export interface PartitionStats {
  readonly entries: number
  /** Accounted bytes: entries with their places in the tables. */
  readonly bytes: number
  /** What it has when the other partition has its share too. */
  readonly bytesMax: number
  readonly evictions: number
  readonly expirations: number
}
