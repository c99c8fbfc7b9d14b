import {
  type Configuration,
  isTombstone,
  type Member,
  type Ring,
  setPositions,
  type Version,
} from '@cachemesh/protocol'

/** A configuration as programs and people read it. Plain data: it can be sent as JSON as it is. */
export interface ConfigurationView {
  readonly meshId: string
  readonly version: Version
  /** The mesh was given up: it has no members, and nothing else either. */
  readonly destroyed: boolean
  /** Members, also those that left or were removed, sorted by id. */
  readonly members: readonly Member[]
  /** Values by name. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly namespaces: Readonly<Record<string, unknown>>
  readonly stores: Readonly<Record<string, unknown>>
  /** Positions set by hand, by position. */
  readonly placements: Readonly<Record<string, unknown>>
}

export interface RingView {
  readonly version: Version
  /** Positions of all members together. */
  readonly positions: number
  /** Of them those that nodes set which had too much to do. */
  readonly arcs: number
  readonly members: readonly {
    readonly id: string
    readonly weight: number
    /** Part of all keys that it owns, 0 to 1. */
    readonly share: number
  }[]
}

export function viewConfiguration(configuration: Configuration): ConfigurationView {
  const { meshId, version, destroyed, members } = configuration
  return {
    meshId,
    version,
    destroyed,
    members,
    settings: group(configuration, 'settings/'),
    namespaces: group(configuration, 'namespaces/'),
    stores: group(configuration, 'stores/'),
    placements: group(configuration, 'placements/'),
  }
}

/** The values whose names begin so. Names come from anybody: each is a property of its own, also `__proto__`. */
function group(configuration: Configuration, prefix: string): Record<string, unknown> {
  const values = configuration.registers
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, json }): [string, unknown] => [name.slice(prefix.length), JSON.parse(json)])
  return Object.fromEntries(values.filter(([, value]) => value !== null))
}

export function viewRing(configuration: Configuration, ring: Ring): RingView {
  const shares = ring.shares()
  const members = ring.members.map((id, index) => ({
    id,
    weight: configuration.member(id)?.weight ?? 0,
    share: shares[index] ?? 0,
  }))
  const arcs = setPositions(configuration).filter(({ by }) => by === 'load').length
  return { version: configuration.version, positions: ring.size, arcs, members }
}

/** Members that have not left. */
export function livingMembers({ members }: { readonly members: readonly Member[] }): readonly Member[] {
  return members.filter(member => !isTombstone(member))
}
