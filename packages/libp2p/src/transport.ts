// The composition of this package: one libp2p node, its gate, the table of links, the dialer, announcements.

import { CacheMeshError, type Frame, type Stamp } from '@cachemesh/protocol'
import type { Connection, Libp2p, Listener } from '@libp2p/interface'
import { isLoopback, parseAddress } from './address.ts'
import { Announcements } from './announcements.ts'
import { Dialer, type DialOptions } from './dialer.ts'
import type { Gate } from './encrypter.ts'
import type { Identity } from './identity.ts'
import { Instances } from './instances.ts'
import { createLibp2pNode, type Encryption, type Services } from './libp2p-node.ts'
import type { Link, PeerLink } from './link.ts'
import { LinkTable } from './link-table.ts'
import { listenAddresses, listenError, reachableAddresses } from './listening.ts'
import { MESH_ID_BYTES_MAX } from './proof.ts'

export interface TransportOptions {
  /** Name of the mesh, 1 to 255 bytes. Nodes of another name are refused, whatever their key. */
  readonly meshId: string
  /** Mesh keys of 32 bytes: the first proves, all are accepted. Empty: loopback addresses only. */
  readonly keys: readonly Uint8Array[]
  readonly identity: Identity
  /** HOST:PORT, [IPV6]:PORT or TCP multiaddrs; port 0 takes a free port; empty: does not listen. */
  readonly listen: readonly string[]
  /** Told to others in place of the addresses it listens on. */
  readonly advertise?: readonly string[]
  /** Preferred when dialling; both are accepted. Default `tls`. */
  readonly encryption?: Encryption
  /** Version and clock that every frame carries; the caller keeps it up to date. Default: zeros. */
  readonly stamp?: Stamp
  readonly handlers: TransportHandlers
}

/** All are called synchronously. One that throws closes its link, where there is one. */
export interface TransportHandlers {
  /** The peer is admitted and frames flow both ways. */
  linkUp(link: Link): void
  /** Exactly once after each `linkUp`. ERR_CLOSED when this side closed the link. */
  linkDown(link: Link, reason: CacheMeshError): void
  /** The frame, and every view into it, is valid only during the call. */
  frame(link: Link, frame: Frame): void
  /** All frames that arrived together were handed over: time to do together what they left to do. */
  through?(): void
  /** `from` is the neighbour that passed it on, which need not be its author. */
  announcement(bytes: Uint8Array, from: string): void
  /**
   * Somebody was refused: ERR_ADMISSION_REFUSED, ERR_WRONG_MESH, ERR_PROTECTED_MODE, or ERR_DUPLICATE_IDENTITY for a
   * second process with the identity of a peer, or of this node.
   */
  refused?(reason: CacheMeshError, address: string): void
  /** ERR_DUPLICATE_IDENTITY: another process is connected to the mesh with the identity of this one. */
  duplicate?(reason: CacheMeshError): void
}

export interface Transport {
  /** Own peer id. */
  readonly id: string
  /** Multiaddrs that others can reach it at, each ending in /p2p/<id>. Those it listens on are known once it does. */
  readonly addresses: readonly string[]
  /** Links that are up, by peer id. */
  readonly links: ReadonlyMap<string, Link>
  /** Connections from outside that were refused since the start. */
  readonly refusals: number
  /**
   * Lets others in. Resolves when it listens; to be called once, before anybody is dialled.
   *
   * @throws ERR_ADDRESS_IN_USE, ERR_INVALID_ADDRESS
   */
  listen(): Promise<void>
  link(peer: string): Link | undefined
  /**
   * Tries the addresses in turn and resolves when the link is up; an existing link, or a dial in progress to
   * the same peer, is joined.
   *
   * @throws ERR_UNREACHABLE, ERR_CONNECTION_REFUSED when nothing listens at any of the addresses,
   *   ERR_ADMISSION_REFUSED, ERR_WRONG_MESH, ERR_PROTECTED_MODE, ERR_INVALID_ADDRESS, ERR_DUPLICATE_IDENTITY when
   *   another process with this node's identity is connected to whom was dialled,
   *   ERR_INVALID_ARGUMENT when the address is of this node itself, ERR_CLOSED.
   */
  dial(addresses: readonly string[], peer?: string, options?: DialOptions): Promise<Link>
  /** Publishes up to 16 KiB to all nodes of the mesh, best effort. Never throws; larger ones are not sent. */
  announce(bytes: Uint8Array): void
  /** Closes links, listeners and connections. */
  close(): Promise<void>
}

/**
 * A node's place on the network, which it does not take before `listen`.
 *
 * @throws ERR_INVALID_ARGUMENT, ERR_MESH_KEY, ERR_INVALID_ADDRESS, ERR_PROTECTED_MODE
 */
export async function createTransport(options: TransportOptions): Promise<Transport> {
  checkOptions(options)
  const { meshId, keys, identity, handlers } = options
  const keyless = keys.length === 0
  const listen = await listenAddresses(options.listen, keyless)
  const advertise = (options.advertise ?? []).map(text => advertised(text, identity.id))
  let refusals = 0
  const refused = (reason: CacheMeshError, address: string) => {
    refusals++
    guarded(() => handlers.refused?.(reason, address))
  }
  let table: LinkTable | undefined
  const instances = new Instances({
    answers: async peer => table?.answers(peer) ?? false,
    drop: peer => table?.drop(peer),
  })
  const gate: Gate = {
    meshId,
    keys,
    id: identity.id,
    instance: instances.own,
    admits: (peer, instance) => instances.admits(peer, instance),
    refused,
    duplicate: reason => {
      instances.refused(reason)
      guarded(() => handlers.duplicate?.(reason))
    },
  }
  const libp2p = await createLibp2pNode({
    privateKey: identity.privateKey,
    encryption: options.encryption ?? 'tls',
    listen,
    gate,
    deny: ({ remoteAddr }) => {
      const address = remoteAddr.toString()
      if (!keyless || isLoopback(parseAddress(address).host)) return false
      refused(
        new CacheMeshError('ERR_PROTECTED_MODE', `Without a mesh key ${address} is not let in`),
        address,
      )
      return true
    },
  })
  const links = await tableFor(libp2p, instances, options)
  table = links
  const announcements = new Announcements(libp2p.services.pubsub, meshId)
  const dialer = new Dialer(libp2p, { table: links, instances, keyless })
  let addresses = advertise
  const start = async () => {
    const listeners: Listener[] = []
    libp2p.addEventListener('transport:listening', ({ detail }) => listeners.push(detail))
    try {
      await libp2p.start()
    } catch (error) {
      throw listenError(error, listen)
    }
    announcements.start((bytes, from) => guarded(() => handlers.announcement(bytes, from)))
    if (advertise.length > 0) return
    const bound = listeners.flatMap(listener => listener.getAddrs().map(String))
    addresses = reachableAddresses(bound).map(address => `${address}/p2p/${identity.id}`)
  }
  let closed: Promise<void> | undefined
  const close = async () => {
    dialer.close()
    await links.close()
    await libp2p.stop()
  }
  return {
    id: identity.id,
    get addresses() {
      return addresses
    },
    links: links.links,
    get refusals() {
      return refusals
    },
    listen: start,
    link: peer => links.links.get(peer),
    dial: (addresses, peer, dialOptions) => dialer.dial(addresses, peer, dialOptions),
    announce: bytes => guarded(() => announcements.publish(bytes)),
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

async function tableFor(
  libp2p: Libp2p<Services>,
  instances: Instances,
  { meshId, identity, handlers, stamp = { serial: 0, digestPrefix: 0, clock: 0 } }: TransportOptions,
): Promise<LinkTable> {
  const protocol = (name: string) => `/cachemesh/${encodeURIComponent(meshId)}/${name}/1`
  const protocols = { frames: protocol('frames'), bulk: protocol('bulk') } as const
  const probe = protocol('probe')
  const table = new LinkTable({
    id: identity.id,
    stamp,
    protocols,
    probe,
    gone: peer => instances.closed(peer),
    up: link => {
      instances.accepted()
      // Tells gossip which connection to use.
      libp2p.services.identify.identify(link.connection).catch(() => {})
      guarded(() => handlers.linkUp(link), link)
    },
    down: (link, reason) => guarded(() => handlers.linkDown(link, reason)),
    frame: (link, frame) => handlers.frame(link, frame),
    through: () => handlers.through?.(),
  })
  libp2p.addEventListener('connection:open', ({ detail }) => {
    instances.opened(detail.remotePeer.toString())
    guarded(() => table.add(detail))
  })
  // That it could be opened is the answer.
  await libp2p.handle(probe, stream => stream.abort(new Error('The probe was answered')))
  for (const name of ['frames', 'bulk'] as const) {
    const handler = (stream: Parameters<typeof table.accept>[1], connection: Connection) =>
      guarded(() => table.accept(name, stream, connection))
    const limits = { maxInboundStreams: 1, maxOutboundStreams: 1 }
    await libp2p.handle(protocols[name], handler, limits)
  }
  return table
}

/** An exception in a listener would end the host's process: it is reported, and closes the link. */
function guarded(call: () => void, link?: PeerLink): void {
  try {
    call()
  } catch (error) {
    warn(error)
    link?.failed(new CacheMeshError('ERR_INTERNAL', 'A handler of the transport failed', { cause: error }))
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}

function advertised(text: string, id: string): string {
  const { multiaddr, peer, port } = parseAddress(text)
  if (port === 0 || (peer !== undefined && peer !== id)) {
    throw new CacheMeshError(
      'ERR_INVALID_ADDRESS',
      `${text} cannot be told to others: it needs a port, and names no other node`,
    )
  }
  return peer === undefined ? `${multiaddr}/p2p/${id}` : multiaddr
}

function checkOptions({ meshId, keys }: TransportOptions): void {
  const bytes = Buffer.byteLength(meshId)
  if (bytes === 0 || bytes > MESH_ID_BYTES_MAX) {
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `A mesh id has 1 to ${MESH_ID_BYTES_MAX} bytes of UTF-8, this one has ${bytes}`,
    )
  }
  if (keys.some(key => key.length !== 32)) {
    throw new CacheMeshError('ERR_MESH_KEY', 'A mesh key has 32 bytes; `cachemesh key` makes one')
  }
}
