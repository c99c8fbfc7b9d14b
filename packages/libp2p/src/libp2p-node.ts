// The libp2p node under a transport, and why each option has the value it has.

import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type {
  ConnectionEncrypter,
  Libp2p,
  MessageStream,
  MultiaddrConnection,
  SecureConnectionOptions,
} from '@libp2p/interface'
import type { noise as Noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import type { tls as Tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import type { Address } from './address.ts'
import { gossipsubOptions } from './announcements.ts'
import { admitting, type Gate } from './encrypter.ts'
import { WINDOW_BYTES } from './joined-sends.ts'
import { type TlsComponents, tlsOverSocket } from './socket-tls.ts'

export type Encryption = 'noise' | 'tls'

export interface Services extends Record<string, unknown> {
  readonly identify: Identify
  readonly pubsub: GossipSub
}

export interface NodeOptions {
  readonly privateKey: NonNullable<Libp2pOptions['privateKey']>
  readonly listen: readonly Address[]
  /** Offered first; the other one is accepted too, so that a mesh can change over node by node. */
  readonly encryption: Encryption
  readonly gate: Gate
  /** Called before anything is read from an inbound connection; true refuses it. */
  readonly deny: (connection: MultiaddrConnection) => boolean
}

type Components = TlsComponents &
  Parameters<ReturnType<typeof Noise>>[0] &
  Parameters<ReturnType<typeof Tls>>[0]

const SECURE = {
  noise: (components: Components) =>
    loaded(async () => (await import('@libp2p/noise')).noise()(components), '/noise'),
  tls: (components: Components) => {
    const fallback = loaded(async () => (await import('@libp2p/tls')).tls()(components), '/tls/1.0.0')
    return tlsOverSocket(fallback, components)
  },
} as const

/** An encrypter whose code is loaded with its first connection: most nodes need neither of these, and each start would pay for both. */
function loaded(load: () => Promise<ConnectionEncrypter>, protocol: string): ConnectionEncrypter {
  let loading: Promise<ConnectionEncrypter> | undefined
  const inner = (): Promise<ConnectionEncrypter> => {
    loading ??= load()
    return loading
  }
  return {
    protocol,
    secureInbound: async (connection: MessageStream, options?: SecureConnectionOptions) =>
      (await inner()).secureInbound(connection, options),
    secureOutbound: async (connection: MessageStream, options?: SecureConnectionOptions) =>
      (await inner()).secureOutbound(connection, options),
  }
}

/** Not started yet. */
export function createLibp2pNode(options: NodeOptions): Promise<Libp2p<Services>> {
  const { gate, encryption } = options
  const order: Encryption[] = encryption === 'tls' ? ['tls', 'noise'] : ['noise', 'tls']
  return createLibp2p<Services>({
    start: false,
    privateKey: options.privateKey,
    addresses: { listen: options.listen.map(({ multiaddr }) => multiaddr) },
    transports: [tcp()],
    connectionEncrypters: order.map(name => components => admitting(SECURE[name](components), name, gate)),
    // What is in a window waits before every small frame behind it, so large frames keep to a pace when there are such.
    streamMuxers: [
      yamux({ streamOptions: { initialStreamWindowSize: WINDOW_BYTES, maxStreamWindowSize: WINDOW_BYTES } }),
    ],
    // The defaults suit strangers on the internet: five connections a second from one IP, 300 in all.
    connectionManager: {
      maxConnections: 10_000,
      inboundConnectionThreshold: 1_000,
      maxIncomingPendingConnections: 1_000,
      maxDialQueueLength: 10_000,
      // The dialer gives each dial its own time.
      dialTimeout: 60_000,
      addressDialTimeout: 60_000,
      inboundUpgradeTimeout: 15_000,
      reconnectRetries: 0,
    },
    // It aborts a connection after one late ping; links are watched by the heartbeat of the mesh.
    connectionMonitor: { enabled: false },
    connectionGater: { denyInboundConnection: options.deny },
    services: {
      // It runs on the connection that carries a link, and on no other: gossip would settle on a connection
      // that is about to be closed, and not come back.
      identify: identify({ runOnConnectionOpen: false }),
      pubsub: gossipsub(gossipsubOptions(gate.meshId)),
    },
  } as Libp2pOptions<Services>)
}
