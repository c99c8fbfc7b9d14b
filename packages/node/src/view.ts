import { type Configuration, isTombstone, type Member, type Ring, type Version } from '@cachemesh/protocol'

/** A configuration as programs and people read it. Plain data: it can be sent as JSON as it is. */
export interface ConfigurationView {
  readonly meshId: string
  readonly version: Version
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
  readonly members: readonly {
    readonly id: string
    readonly weight: number
    /** Part of all keys that it owns, 0 to 1. */
    readonly share: number
  }[]
}

export function viewConfiguration(configuration: Configuration): ConfigurationView {
  const groups: Record<string, Record<string, unknown>> = {
    settings: {},
    namespaces: {},
    stores: {},
    placements: {},
  }
  for (const { name, json } of configuration.registers) {
    const slash = name.indexOf('/')
    const value: unknown = JSON.parse(json)
    const group = groups[name.slice(0, slash)]
    if (group && value !== null) group[name.slice(slash + 1)] = value
  }
  const { meshId, version, members } = configuration
  return {
    meshId,
    version,
    members,
    ...(groups as Pick<ConfigurationView, 'settings' | 'namespaces' | 'stores' | 'placements'>),
  }
}

export function viewRing(configuration: Configuration, ring: Ring): RingView {
  const shares = ring.shares()
  const members = ring.members.map((id, index) => ({
    id,
    weight: configuration.member(id)?.weight ?? 0,
    share: shares[index] ?? 0,
  }))
  return { version: configuration.version, positions: ring.size, members }
}

/** Members that have not left. */
export function livingMembers(configuration: Configuration): readonly Member[] {
  return configuration.members.filter(member => !isTombstone(member))
}
