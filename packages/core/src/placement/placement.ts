import { Configuration, hashKey, namespaceOf, Partitions, Ring, ringParts } from '@cachemesh/protocol'
import { SettingsReader } from '../configuration/settings.ts'
import { BOUNDS } from '../limits/limits.ts'
import { Rings } from './rings.ts'
import { ZoneSpread } from './zones.ts'

/** A key and its hash: what a lookup for a key goes by. */
export interface Target {
  /** Qualified. */
  readonly key: string
  readonly hash: number
}

/** Where a key lives, by one configuration. */
export interface Located {
  /** Responsible members in order: owner, replicas, then those who stand in when none of these can be reached. */
  readonly members: readonly string[]
  readonly owner: string | undefined
  readonly replicas: readonly string[]
}

/** What is looked up; without a key it goes by the ring alone. */
interface Looked {
  readonly hash: number
  readonly key: string | undefined
}

/** A ring, and the zones of its members. */
interface Circle {
  readonly ring: Ring
  readonly zones: ZoneSpread
}

/** Where a key lies: at which position of which ring. */
interface Place extends Circle {
  readonly hash: number
}

/**
 * The ring of the current configuration, and the lookups of the data path on it. They take the hash of a key, and the key
 * for the sake of namespaces that have rules of their own (rules 22 to 24 of the protocol); without it they go by the ring alone.
 */
export class Placement {
  readonly self: string
  /** Where rings come from. */
  readonly rings: Rings
  #ring: Ring = Ring.build([])
  #selfIndex = -1
  #configuration: Configuration
  /** The configuration whose ring is not derived yet. */
  #newer: Configuration | undefined
  readonly #settings: SettingsReader
  #zones: ZoneSpread = new ZoneSpread([])
  /** Members of weight 0, in the order of their ids. */
  #spares: readonly string[] = []
  /** Rules of namespaces; undefined: there are none, as nearly always. */
  #partitions: Partitions | undefined
  /** Rings of those alone whom rules name, by their ids. */
  readonly #circles = new Map<string, Circle>()
  #fingerprint: number | undefined
  #replicasMax: number | undefined

  constructor(self: string, rings: Rings = new Rings()) {
    this.self = self
    this.rings = rings
    this.#configuration = Configuration.empty('')
    this.#settings = new SettingsReader(() => this.#configuration)
  }

  get ring(): Ring {
    if (this.#newer !== undefined) this.#derive(this.#newer)
    return this.#ring
  }

  /**
   * From now on the ring is that of this configuration. It is derived when it is first asked for: a mesh that
   * starts, or heals, goes through many configurations at once, and the ring of most is never needed.
   */
  update(configuration: Configuration): void {
    this.#newer = configuration
    this.#configuration = configuration
    this.#fingerprint = undefined
    this.#replicasMax = undefined
  }

  /**
   * Names who holds what by this configuration, in 32 bits: two nodes with one fingerprint agree on the holders of
   * every key.
   */
  get fingerprint(): number {
    this.#fingerprint ??= fingerprintOf(this.#configuration)
    return this.#fingerprint
  }

  /** True when this node is the owner: the one question of a local hit. */
  owns(hash: number, key?: string): boolean {
    const { ring } = this
    if (this.#partitions !== undefined && key !== undefined) return this.owner(hash, key) === this.self
    const owner = ring.ownerIndex(hash)
    return owner >= 0 && owner === this.#selfIndex
  }

  /** Id of the owner; undefined while nobody is active. */
  owner(hash: number, key?: string): string | undefined {
    const { ring } = this
    const place = this.#place(hash, key)
    if (place === undefined) return ring.members[ring.ownerIndex(hash)]
    return place.ring.members[place.ring.ownerIndex(place.hash)]
  }

  /** Some namespaces have rules of their own. */
  get isPartitioned(): boolean {
    return this.ring !== undefined && this.#partitions !== undefined
  }

  /** Where a key lies on the ring of all; undefined: it is on another one, of some members alone. */
  positionOf(hash: number, key: string): number | undefined {
    const { ring } = this
    const place = this.#place(hash, key)
    if (place === undefined) return hash
    return place.ring === ring ? place.hash : undefined
  }

  /** Some arcs are shared. */
  get shares(): boolean {
    return this.ring.sharing
  }

  /**
   * Whom this node asks for a key of an arc that is shared, in the place of its owner: the same one always, and of all nodes
   * about as many ask each. Undefined: the owner. Of nearly every ring no arc is shared.
   */
  reader(hash: number, key: string): string | undefined {
    const { ring } = this
    if (!ring.sharing) return undefined
    const sharers = this.#sharers(hash, key)
    if (sharers.length === 0 || sharers.includes(this.#selfIndex)) return undefined
    // Its place among those who do not share it: so each of those who do gets as many of them, or one more.
    const place = this.#selfIndex - sharers.filter(index => index < this.#selfIndex).length
    return ring.members[sharers[(hash + Math.max(0, place)) % sharers.length] as number]
  }

  /** True when a member may be asked for a key in the place of its owner. */
  isReader(id: string, { hash, key }: Target): boolean {
    const { ring } = this
    return ring.sharing && this.#sharers(hash, key).some(index => ring.members[index] === id)
  }

  #sharers(hash: number, key: string): readonly number[] {
    const position = this.positionOf(hash, key)
    return position === undefined ? NOBODY : this.ring.sharers(position)
  }

  /** True when entries of any namespace are to be kept by more than their owner. */
  get replicates(): boolean {
    return this.replicasMax > 0
  }

  /** The most replicas that entries of any namespace have. */
  get replicasMax(): number {
    this.#replicasMax ??= this.#settings.greatest('replicas')
    return this.#replicasMax
  }

  /** How many members keep a copy of this key's entry besides its owner. */
  replicasOf(key: string): number {
    return this.#settings.in(namespaceOf(key), 'replicas')
  }

  /** How many of them have to have a write before it is acknowledged. */
  ackReplicasOf(key: string): number {
    return this.#settings.in(namespaceOf(key), 'ackReplicas')
  }

  /** True when a write of this key is acknowledged only when all have it that keep the entry, and there are such. */
  isOnAll(key: string): boolean {
    const replicas = this.replicasOf(key)
    return replicas > 0 && this.ackReplicasOf(key) >= replicas
  }

  /**
   * Ids of the preference list: the owner, `replicas` members that keep copies, and those who stand in when none of
   * these can be reached, a spare member first. Empty while nobody is active.
   */
  preference(hash: number, replicas = 0, key?: string): string[] {
    const list = this.#onRing({ hash, key }, replicas)
    const spare = this.#spares[hash % this.#spares.length]
    if (spare === undefined) return list
    const [holders, others] = [list.slice(0, replicas + 1), list.slice(replicas + 1)]
    return [...holders, spare, ...others.slice(0, BOUNDS.standInsMax - 1)]
  }

  #onRing(looked: Looked, replicas: number): string[] {
    return this.#listed(looked, replicas, replicas + 1 + BOUNDS.standInsMax)
  }

  /** True for a member of weight 0: it owns nothing and keeps nothing, and stands in for all others. */
  isSpare(id: string): boolean {
    return this.#spares.includes(id)
  }

  /** The preference list of a key, as long as its namespace has it. */
  list({ key, hash }: Target): string[] {
    return this.preference(hash, this.replicasOf(key), key)
  }

  /** The first so many of the list of a key, with nobody keeping copies. */
  walk({ key, hash }: Target, count: number): string[] {
    return this.#listed({ hash, key }, 0, count)
  }

  #listed({ hash, key }: Looked, replicas: number, listed: number): string[] {
    const all = { ring: this.ring, zones: this.#zones, hash }
    const place = this.#place(hash, key) ?? all
    const ids = orderOn(place, replicas, listed)
    if (place.ring === all.ring || ids.length === listed) return ids
    // Those whom a rule names are not enough: others follow, as the ring of all has them.
    const others = orderOn({ ...all, hash: place.hash }, 0, listed + ids.length)
    return [...ids, ...others.filter(id => !ids.includes(id))].slice(0, listed)
  }

  /** Undefined: no rule is for this key. To be called when the ring is derived. */
  #place(hash: number, key: string | undefined): Place | undefined {
    if (this.#partitions === undefined || key === undefined) return undefined
    const place = this.#partitions.place(key, hash)
    if (place === undefined) return undefined
    const circle = place.members.length === 0 ? undefined : this.#circle(place.members)
    const { ring, zones } = circle ?? { ring: this.#ring, zones: this.#zones }
    return { ring, zones, hash: place.hash }
  }

  /** Undefined: none of them stands on the ring. */
  #circle(members: readonly string[]): Circle | undefined {
    const name = members.join('\n')
    let circle = this.#circles.get(name)
    if (circle === undefined) {
      const standing = ringParts(this.#configuration).members.filter(({ id }) => members.includes(id))
      const ring = Ring.build(standing)
      circle = { ring, zones: zonesOf(ring, this.#configuration) }
      this.#circles.set(name, circle)
    }
    return circle.ring.size === 0 ? undefined : circle
  }

  /**
   * Ids of those who keep the entry of a key, its owner first. In the place of those who `failed` the next of the list
   * keep it.
   */
  holders(target: Target, failed: readonly string[] = []): string[] {
    const replicas = this.replicasOf(target.key)
    // Where the ring is shorter than that a spare member is none of them.
    if (failed.length === 0) return this.#onRing(target, replicas).slice(0, replicas + 1)
    const living = this.list(target).filter(id => !failed.includes(id))
    return living.slice(0, replicas + 1)
  }

  /** Ids of those to whom a member sends a write that it orders: the next of the list, as many as keep copies. */
  copiers(target: Target, orderedBy: string): string[] {
    const list = this.list(target)
    const place = list.indexOf(orderedBy)
    const next = list.slice(place + 1, place + 1 + this.replicasOf(target.key))
    return place === 0 ? next.filter(id => !this.isSpare(id)) : next
  }

  /** True when this member keeps the entry of a key. */
  isHolder(id: string, target: Target): boolean {
    if (this.replicates) return this.holders(target).includes(id)
    return this.owner(target.hash, target.key) === id
  }

  locate(key: string): Located {
    const target = { key, hash: hashKey(key) }
    const [owner, ...replicas] = this.holders(target)
    return { members: this.list(target), owner, replicas }
  }

  /** Costs one pass over the ring, if there is no such ring yet. */
  #derive(configuration: Configuration): void {
    this.#newer = undefined
    this.#ring = this.rings.of(configuration, this.#ring)
    this.#selfIndex = this.#ring.members.indexOf(this.self)
    this.#spares = this.#ring.members.filter(id => configuration.member(id)?.weight === 0)
    this.#zones = zonesOf(this.#ring, configuration)
    this.#partitions = Partitions.in(configuration)
    this.#circles.clear()
  }
}

const NOBODY: readonly number[] = []

function zonesOf({ members }: Ring, configuration: Configuration): ZoneSpread {
  return new ZoneSpread(members.map(id => configuration.member(id)?.zone ?? ''))
}

function orderOn({ ring, zones, hash }: Place, replicas: number, listed: number): string[] {
  return zones.order(ring, hash, { replicas, listed }).map(index => ring.members[index] as string)
}

/** Over all that decides about holders: who is on the ring, with which weight and zone, positions set by hand, replicas. */
function fingerprintOf(configuration: Configuration): number {
  const parts = configuration.members
    .filter(({ state }) => state === 'active')
    .map(({ id, weight, zone }) => `${id} ${weight} ${zone}`)
  return hashKey([...parts, ...holdingTexts(configuration)].join('\n'))
}

/** What registers say that decides about holders, one line each. */
export function holdingTexts({ registers }: Configuration): string[] {
  const texts: string[] = []
  for (const { name, json } of registers) {
    if (name.startsWith('placements/') || name === 'settings/replicas') texts.push(`${name} ${json}`)
    // Most namespaces say nothing of it.
    if (!name.startsWith('namespaces/') || !/"(replicas|partition)"/.test(json)) continue
    const { replicas, partition } = (JSON.parse(json) ?? {}) as Record<string, unknown>
    texts.push(`${name} ${JSON.stringify([replicas, partition])}`)
  }
  return texts
}
