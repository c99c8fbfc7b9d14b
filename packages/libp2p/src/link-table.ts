// Which connection to a peer carries the link. Two nodes that dial each other at the same moment end with two
// connections; were each side free to choose, they could choose differently. So one side alone chooses, the
// one with the smaller peer id: it opens both streams of the link, on the connection it takes, whoever dialled
// that, and the other side follows the streams. Among connections it can take it prefers those it dialled
// itself. A link that works is never given up for a newer connection; a connection that carries no link is
// closed after a while, and until then it is the spare that the next link is made on.

import { CacheMeshError, type Frame, type Stamp } from '@cachemesh/protocol'
import type { Connection, Stream } from '@libp2p/interface'
import { abortConnection, closeConnection } from './ending.ts'
import { type LaneName, type LinkEvents, PeerLink } from './link.ts'

/** A connection without a link is closed after this time, ms. */
const LINKLESS_MS = 10_000
/** A peer that opens no stream in this time, ms, does not answer. */
const PROBE_MS = 1_000

export interface LinkTableOptions {
  /** Own peer id. */
  readonly id: string
  readonly stamp: Stamp
  readonly protocols: Readonly<Record<LaneName, string>>
  /** Protocol of streams that are opened only to see whether they open. */
  readonly probe: string
  readonly up: (link: PeerLink) => void
  readonly down: (link: PeerLink, reason: CacheMeshError) => void
  readonly frame: (link: PeerLink, frame: Frame) => void
  readonly through: () => void
  /** The last connection to a peer is closed. */
  readonly gone: (peer: string) => void
}

interface Held {
  readonly connection: Connection
  link: PeerLink | undefined
  timer: NodeJS.Timeout | undefined
}

interface Waiter {
  resolve(link: PeerLink): void
  reject(reason: CacheMeshError): void
}

export class LinkTable implements LinkEvents {
  /** Links that are up, by peer. */
  readonly links: Map<string, PeerLink> = new Map()
  readonly stamp: Stamp
  readonly #options: LinkTableOptions
  /** Open connections, by peer. */
  readonly #held = new Map<string, Map<Connection, Held>>()
  readonly #waiters = new Map<string, Set<Waiter>>()
  readonly #finishing = new Set<Promise<void>>()
  #closed = false

  constructor(options: LinkTableOptions) {
    this.#options = options
    this.stamp = options.stamp
  }

  /** A connection was admitted. */
  add(connection: Connection): void {
    if (this.#closed || connection.status !== 'open') return
    const held = this.#hold(connection)
    if (this.#chooses(held)) this.#choose(connection.remotePeer.toString())
  }

  /** The peer opened a stream of a link. */
  accept(name: LaneName, stream: Stream, connection: Connection): void {
    const held = this.#closed || connection.status !== 'open' ? undefined : this.#hold(connection)
    if (held === undefined || this.#chooses(held)) {
      stream.abort(new Error('This side opens the streams of a link'))
      return
    }
    held.link ??= new PeerLink(connection, false, this)
    held.link.attach(name, stream)
  }

  /** Resolves when there is a link to the peer of this connection, over whichever connection. */
  ready(connection: Connection, signal: AbortSignal): Promise<PeerLink> {
    const peer = connection.remotePeer.toString()
    const link = this.links.get(peer)
    if (link !== undefined) return Promise.resolve(link)
    if (this.#closed || !this.#held.has(peer)) return Promise.reject(gone(peer))
    const waiters = this.#waiters.get(peer) ?? new Set()
    this.#waiters.set(peer, waiters)
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.reject(late(peer))
      const settled = () => {
        waiters.delete(waiter)
        signal.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = {
        resolve: link => [settled(), resolve(link)],
        reject: reason => [settled(), reject(reason)],
      }
      waiters.add(waiter)
      signal.addEventListener('abort', onAbort)
      if (signal.aborted) onAbort()
    })
  }

  /** Asks the peer for a sign of life on each connection to it. */
  async answers(peer: string): Promise<boolean> {
    const signal = AbortSignal.timeout(PROBE_MS)
    const probe = async ({ connection }: Held) => {
      const stream = await connection.newStream(this.#options.probe, { signal })
      stream.abort(new Error('The probe was answered'))
    }
    const probes = [...(this.#held.get(peer)?.values() ?? [])].map(probe)
    return Promise.any(probes).then(
      () => true,
      () => false,
    )
  }

  /** Ends all connections to a peer at once: another process is that peer now. */
  drop(peer: string): void {
    const reason = new CacheMeshError('ERR_UNREACHABLE', `Node ${peer} runs in another process now`)
    const dropped = [...(this.#held.get(peer)?.values() ?? [])]
    // None of them is a spare for the link of another.
    for (const { connection } of dropped) this.#release(connection)
    for (const { connection, link } of dropped) {
      if (link === undefined) void abortConnection(connection, reason)
      else link.failed(reason)
    }
  }

  /** Closes all links; resolves when they have let go. */
  async close(): Promise<void> {
    this.#closed = true
    for (const link of [...this.links.values()]) link.close()
    for (const connections of this.#held.values()) {
      for (const held of connections.values()) clearTimeout(held.timer)
    }
    for (const peer of [...this.#waiters.keys()]) this.#settle(peer, w => w.reject(gone(peer)))
    await Promise.all(this.#finishing)
  }

  up(link: PeerLink): void {
    const { peer, connection } = link
    const held = this.#held.get(peer)?.get(connection)
    clearTimeout(held?.timer)
    // The side that chooses has found the older link dead; here its end has not been seen yet.
    // What waited on that one finds the new one in its place.
    const older = this.links.get(peer)
    this.links.set(peer, link)
    older?.failed(new CacheMeshError('ERR_UNREACHABLE', `Node ${peer} connected anew`))
    this.#options.up(link)
    this.#settle(peer, waiter => waiter.resolve(link))
  }

  down(link: PeerLink, reason: CacheMeshError, wasUp: boolean): void {
    const { peer, connection } = link
    this.#release(connection)
    if (wasUp) {
      if (this.links.get(peer) === link) this.links.delete(peer)
      this.#options.down(link, reason)
    }
    this.#track(link.finished)
    // A peer that was hung up on should not come back over a spare.
    if (reason.code === 'ERR_CLOSED') this.#closeSpares(peer)
    else this.#choose(peer)
  }

  frame(link: PeerLink, frame: Frame): void {
    this.#options.frame(link, frame)
  }

  through(): void {
    this.#options.through()
  }

  #hold(connection: Connection): Held {
    const peer = connection.remotePeer.toString()
    const connections = this.#held.get(peer) ?? new Map<Connection, Held>()
    this.#held.set(peer, connections)
    const known = connections.get(connection)
    if (known !== undefined) return known
    const held: Held = { connection, link: undefined, timer: undefined }
    connections.set(connection, held)
    this.#expectLink(held)
    connection.addEventListener('close', () => {
      held.link?.failed(gone(peer))
      this.#release(connection)
    })
    return held
  }

  #release(connection: Connection): void {
    const peer = connection.remotePeer.toString()
    const connections = this.#held.get(peer)
    const held = connections?.get(connection)
    if (connections === undefined || held === undefined) return
    clearTimeout(held.timer)
    connections.delete(connection)
    if (connections.size > 0) return
    this.#held.delete(peer)
    this.#options.gone(peer)
    this.#settle(peer, waiter => waiter.reject(gone(peer)))
  }

  #expectLink(held: Held): void {
    clearTimeout(held.timer)
    held.timer = setTimeout(() => {
      const { connection, link } = held
      if (link !== undefined) link.failed(late(link.peer))
      else void closeConnection(connection)
    }, LINKLESS_MS)
    held.timer.unref()
  }

  #chooses(held: Held): boolean {
    return this.#options.id < held.connection.remotePeer.toString()
  }

  #choose(peer: string): void {
    const held = [...(this.#held.get(peer)?.values() ?? [])]
    const first = held[0]
    if (this.#closed || first === undefined || !this.#chooses(first)) return
    if (this.links.has(peer) || held.some(({ link }) => link !== undefined)) return
    const chosen = held.find(({ connection }) => connection.direction === 'outbound') ?? first
    const link = new PeerLink(chosen.connection, true, this)
    chosen.link = link
    this.#expectLink(chosen)
    for (const name of ['frames', 'bulk'] as const) {
      chosen.connection
        .newStream(this.#options.protocols[name], { signal: AbortSignal.timeout(LINKLESS_MS) })
        .then(stream => link.attach(name, stream))
        .catch(cause => link.failed(unopened(peer, cause)))
    }
  }

  #closeSpares(peer: string): void {
    for (const { connection } of [...(this.#held.get(peer)?.values() ?? [])]) void closeConnection(connection)
  }

  #settle(peer: string, how: (waiter: Waiter) => void): void {
    const waiters = this.#waiters.get(peer)
    this.#waiters.delete(peer)
    for (const waiter of [...(waiters ?? [])]) how(waiter)
  }

  #track(finished: Promise<void>): void {
    this.#finishing.add(finished)
    finished.finally(() => this.#finishing.delete(finished))
  }
}

function gone(peer: string): CacheMeshError {
  return new CacheMeshError('ERR_UNREACHABLE', `Node ${peer} closed the connection`)
}

function late(peer: string): CacheMeshError {
  return new CacheMeshError('ERR_UNREACHABLE', `Node ${peer} made no link in time`)
}

function unopened(peer: string, cause: unknown): CacheMeshError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CacheMeshError('ERR_UNREACHABLE', `Node ${peer} took no stream: ${why}`, { cause })
}
