// One small mesh, as the answers of its nodes show it in the OpenAPI document.

import { DEFAULT_NAMESPACE, type Member } from '@cachemesh/protocol'
import type { CacheMeshNode, ConfigurationView, LoadView, Readiness, RingView, Version } from 'cachemesh'

const id = '12D3KooWJvyP3VJYymTqG7eH4PM5rN4T2agk5cdNCfNymAqwqcvZ'
const addresses = [`/ip4/10.0.0.5/tcp/7400/p2p/${id}`]

export const version: Version = {
  serial: 42,
  timestamp: 1_760_000_000_000,
  digest: '8d3c1f0e5b7a49268d3c1f0e5b7a4926',
}

const member: Member = {
  id,
  incarnation: 40,
  state: 'active',
  since: 41,
  addresses,
  gateways: { http: 'http://10.0.0.5:8080' },
  weight: 1,
  zone: 'a',
  software: 'cachemesh/0.1.0',
}

export const configuration: ConfigurationView = {
  meshId: 'cachemesh',
  version,
  destroyed: false,
  members: [member],
  settings: {},
  namespaces: {},
  stores: {},
  placements: {},
}

export const members = { members: [{ ...member, self: true }] }
export const ring: RingView = { version, positions: 2048, arcs: 0, members: [{ id, weight: 1, share: 1 }] }
export const load: LoadView = {
  perSecond: 1_250.5,
  keys: [{ namespace: DEFAULT_NAMESPACE, key: 'greeting', perSecond: 830.1, copies: [] }],
  arcs: [{ arc: 40_513, perSecond: 830.1, owner: id, position: 2_655_117_002 }],
  members: [{ id, weight: 1, perSecond: 1_248 }],
}
export const placements = {
  placements: [
    { position: 2_655_117_002, from: 2_654_908_711, members: [id], active: [id], by: 'hand', share: 0.00005 },
  ],
}
export const route = { namespace: DEFAULT_NAMESPACE, key: 'greeting', owner: id, replicas: [], local: true }
export const readiness: Readiness = {
  ready: true,
  state: 'active',
  reason: '',
  entries: 'warm',
  storage: 'kept',
}

const partition = { entries: 1, bytes: 310, bytesMax: 53_687_091, evictions: 0, expirations: 0 }
const loads = { loading: 0, waiting: 0, leases: 3, refused: 0 }
const stats: CacheMeshNode['stats'] = {
  owned: partition,
  copies: partition,
  reservedBytes: 477,
  loads,
  replication: { warm: true, arcs: { done: 0, total: 0 }, fullyReplicated: true, transferred: 0 },
  reads: { hedged: 0, won: 0, spread: 0, here: 0 },
  overload: { refuses: false, refused: 0 },
  links: 0,
}
export const node = { id, addresses, state: 'active', readiness, version, stats }
