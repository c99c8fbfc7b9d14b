import {
  type Configuration,
  hashKey,
  isTombstone,
  Ring,
  type RingMember,
  type RingOverride,
} from '@cachemesh/protocol'
import { BOUNDS } from '../limits/limits.ts'

/** Replicas that are not owners: none until the data path replicates. */
const REPLICAS = 1

/** Where a key lives, by one configuration. */
export interface Located {
  /** Responsible members in order: owner, replicas, then those who stand in when none of them can be reached. */
  readonly members: readonly string[]
  readonly owner: string | undefined
  readonly replicas: readonly string[]
}

/** The ring of the current configuration, and the lookups of the data path on it. */
export class Placement {
  readonly self: string
  #ring: Ring = Ring.build([])
  #selfIndex = -1
  /** The configuration whose ring is not derived yet. */
  #newer: Configuration | undefined
  readonly #list = new Int32Array(REPLICAS + BOUNDS.standInsMax)

  constructor(self: string) {
    this.self = self
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
  }

  /** True when this node is the owner: the one question of a local hit. */
  owns(hash: number): boolean {
    const owner = this.ring.ownerIndex(hash)
    return owner >= 0 && owner === this.#selfIndex
  }

  /** Id of the owner; undefined while nobody is active. */
  owner(hash: number): string | undefined {
    const { ring } = this
    return ring.members[ring.ownerIndex(hash)]
  }

  /** Ids of the preference list, owner first. Empty while nobody is active. */
  preference(hash: number): string[] {
    const { ring } = this
    const count = ring.preference(hash, this.#list)
    const ids: string[] = []
    for (let i = 0; i < count; i++) ids.push(ring.members[this.#list[i] as number] as string)
    return ids
  }

  locate(key: string): Located {
    const members = this.preference(hashKey(key))
    return { members, owner: members[0], replicas: members.slice(1, REPLICAS) }
  }

  /** Costs one pass over what changed. */
  #derive(configuration: Configuration): void {
    this.#newer = undefined
    this.#ring = Ring.build(ringMembers(configuration), overrides(configuration), this.#ring)
    this.#selfIndex = this.#ring.members.indexOf(this.self)
  }
}

/** A ring of this much weight has four million positions, which is as long as anybody should wait for. */
const WEIGHT_TOTAL_MAX = 2_000

/**
 * Who stands on the ring. Each member's weight is within bounds, and still a thousand heavy ones together would
 * need more positions than there may be: then all weights shrink together, so that every configuration that can
 * be merged has a ring, and everybody the same one.
 */
function ringMembers(configuration: Configuration): RingMember[] {
  const active = configuration.members.filter(member => member.state === 'active')
  const total = active.reduce((sum, member) => sum + member.weight, 0)
  const scale = total > WEIGHT_TOTAL_MAX ? WEIGHT_TOTAL_MAX / total : 1
  return active.map(({ id, weight }) => ({ id, weight: weight * scale }))
}

/** Positions set by hand: `placements/<position>` holds the members that stand there, in order. */
function overrides(configuration: Configuration): RingOverride[] {
  const found: RingOverride[] = []
  for (const { name, json } of configuration.registers) {
    if (!name.startsWith('placements/')) continue
    const digits = name.slice('placements/'.length)
    const position = Number(digits)
    const value = JSON.parse(json) as { members?: unknown } | null
    if (!/^\d+$/.test(digits) || position > 0xffff_ffff) continue
    if (!Array.isArray(value?.members)) continue
    const members = value.members.filter(id => typeof id === 'string' && isActive(configuration, id))
    if (members.length > 0) found.push({ position, members })
  }
  return found
}

function isActive(configuration: Configuration, id: string): boolean {
  const member = configuration.member(id)
  return member !== undefined && !isTombstone(member) && member.state === 'active'
}
