// What the HTTP API answers, as far as the commands read it.

export interface Version {
  readonly serial: number
  /** Milliseconds since 1970. */
  readonly timestamp: number
  readonly digest: string
}

export interface Member {
  readonly id: string
  /** It is the member that was asked. */
  readonly self?: boolean
  readonly state: string
  readonly addresses: readonly string[]
  readonly gateways: Readonly<Record<string, string>>
  readonly weight: number
  readonly zone: string
}

export interface Configuration {
  readonly meshId: string
  readonly version: Version
  readonly destroyed: boolean
  readonly members: readonly Member[]
  readonly settings: Readonly<Record<string, unknown>>
  readonly namespaces: Readonly<Record<string, unknown>>
  readonly stores: Readonly<Record<string, unknown>>
  readonly placements: Readonly<Record<string, unknown>>
}

/** What a change did. */
export interface Changed {
  /** In which it took effect. */
  readonly version: Version
  readonly changed: boolean
}

export interface Propagated {
  readonly version: Version
  readonly peers: number
  readonly confirmed: number
}

export interface SettingView {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly source: string
  readonly inEffect: boolean
  readonly meaning: string
}
