// Dialling: addresses in turn until a link is up. When to dial whom again is not decided here.

import { CacheMeshError, type ErrorCode } from '@cachemesh/protocol'
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { type Address, isLoopback, parseAddress, resolveAddress } from './address.ts'
import { itself } from './admission.ts'
import { decoded } from './encrypter.ts'
import type { Instances } from './instances.ts'
import type { PeerLink } from './link.ts'
import type { LinkTable } from './link-table.ts'
import { protectedMode, shown } from './listening.ts'
import { Patience } from './patience.ts'
import { Slots } from './slots.ts'

/** Until a connection opens at one of the addresses, ms, once it is this dial's turn. */
const CONNECT_MS = 3_000
/** From then until the link is up, ms. */
const HANDSHAKE_MS = 15_000
/** A handshake costs both sides some 10 ms of computing: more at once only make all of them late. */
const DIALS_MAX = 2
/** A dial that has no connection by then, ms, waits for a machine that is gone: the next one need not. */
const TURN_MS = 1_000
/** What libp2p tells when a connection is open and its encryption begins. */
const CONNECTED = 'upgrader:encrypt-outbound-connection'

export interface DialOptions {
  /** For all addresses together, until the link is up. Default: 3 s to connect, and 15 s more for the rest. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

interface Turn {
  /** Somebody is there: the turn is kept until the link is up. */
  connected(): void
  end(): void
}

interface Progress {
  readonly patience: Patience
  readonly connected: () => void
}

export class Dialer {
  readonly #libp2p: Libp2p
  readonly #table: LinkTable
  readonly #id: string
  readonly #keyless: boolean
  /** Dials in progress to a peer that is known beforehand. */
  readonly #dialling = new Map<string, Promise<PeerLink>>()
  readonly #closing = new AbortController()
  readonly #slots = new Slots(DIALS_MAX)
  readonly #instances: Instances

  constructor(libp2p: Libp2p, parts: { table: LinkTable; instances: Instances; keyless: boolean }) {
    this.#libp2p = libp2p
    this.#table = parts.table
    this.#instances = parts.instances
    this.#id = libp2p.peerId.toString()
    this.#keyless = parts.keyless
  }

  /** All dials in progress reject with ERR_CLOSED, and so do later ones. */
  close(): void {
    this.#closing.abort()
  }

  async dial(addresses: readonly string[], peer?: string, options: DialOptions = {}): Promise<PeerLink> {
    this.#instances.ask()
    if (peer === this.#id) throw itself()
    if (peer === undefined) return this.#inTurn(addresses, peer, options)
    const link = this.#table.links.get(peer)
    if (link !== undefined) return link
    const joined = this.#dialling.get(peer)
    if (joined !== undefined) return joined
    const dial = this.#inTurn(addresses, peer, options)
    this.#dialling.set(peer, dial)
    try {
      return await dial
    } finally {
      this.#dialling.delete(peer)
    }
  }

  async #inTurn(
    addresses: readonly string[],
    peer: string | undefined,
    { timeoutMs, signal }: DialOptions,
  ): Promise<PeerLink> {
    const ends = [this.#closing.signal]
    if (signal !== undefined) ends.push(signal)
    if (timeoutMs !== undefined) ends.push(AbortSignal.timeout(timeoutMs))
    const outer = AbortSignal.any(ends)
    try {
      const turn = await this.#turn(outer)
      try {
        const connectMs = timeoutMs ?? CONNECT_MS
        return await this.#dialAll(addresses, peer, { connectMs, outer, connected: turn.connected })
      } finally {
        turn.end()
      }
    } catch (error) {
      if (this.#closing.signal.aborted) throw new CacheMeshError('ERR_CLOSED', 'The node is closing')
      throw error instanceof CacheMeshError ? error : worst([], peer)
    }
  }

  async #turn(signal: AbortSignal): Promise<Turn> {
    const release = await this.#slots.take(signal)
    const gone = setTimeout(release, TURN_MS)
    return {
      connected: () => clearTimeout(gone),
      end: () => {
        clearTimeout(gone)
        release()
      },
    }
  }

  async #dialAll(
    addresses: readonly string[],
    peer: string | undefined,
    { connectMs, outer, connected }: { connectMs: number; outer: AbortSignal; connected: () => void },
  ): Promise<PeerLink> {
    const deadline = performance.now() + connectMs
    const errors: CacheMeshError[] = []
    for (const [i, text] of addresses.entries()) {
      // A silent address must not eat the time of those behind it.
      const patience = new Patience((deadline - performance.now()) / (addresses.length - i), outer)
      try {
        return await this.#dialOne(text, peer, { patience, connected })
      } catch (error) {
        errors.push(error as CacheMeshError)
      } finally {
        patience.end()
      }
      if (outer.aborted || performance.now() >= deadline) break
    }
    const link = peer === undefined ? undefined : this.#table.links.get(peer)
    if (link === undefined) throw worst(errors, peer)
    return link
  }

  /** Rejects with a CacheMeshError only. */
  async #dialOne(text: string, peer: string | undefined, progress: Progress): Promise<PeerLink> {
    const { signal } = progress.patience
    const address = parseAddress(text)
    if ((address.peer ?? peer) === this.#id) throw itself()
    const known = this.#linkDialledAt(address)
    if (known !== undefined && (peer === undefined || known.peer === peer)) return known
    const failures: CacheMeshError[] = []
    for (const target of await this.#resolve(address, signal)) {
      if (this.#keyless && !isLoopback(target.host)) throw protectedMode(`dial ${shown(target)}`)
      try {
        return await this.#connect(target, target.peer ?? peer, progress)
      } catch (error) {
        failures.push(
          error instanceof CacheMeshError ? error : (decoded(error) ?? unreachable(target, signal, error)),
        )
      }
    }
    if (failures.length === 0) throw unreachable(address, signal, new Error('the name has no address'))
    throw worst(failures, peer)
  }

  async #connect(
    target: Address,
    peer: string | undefined,
    { patience, connected }: Progress,
  ): Promise<PeerLink> {
    // While this dial waited for its turn the other side may have dialled.
    const link = peer === undefined ? undefined : this.#table.links.get(peer)
    if (link !== undefined) return link
    const suffix = target.peer === undefined && peer !== undefined ? `/p2p/${peer}` : ''
    const { signal } = patience
    const connection = await this.#libp2p.dial(multiaddr(target.multiaddr + suffix), {
      signal,
      onProgress: ({ type }) => {
        if (type !== CONNECTED) return
        patience.extend(HANDSHAKE_MS)
        connected()
      },
    })
    return this.#table.ready(connection, signal)
  }

  async #resolve(address: Address, signal: AbortSignal): Promise<Address[]> {
    try {
      return await Promise.race([resolveAddress(address), rejected(signal)])
    } catch (error) {
      throw unreachable(address, signal, error)
    }
  }

  /** The link over a connection that was dialled at this very address. */
  #linkDialledAt({ multiaddr, peer }: Address): PeerLink | undefined {
    for (const link of this.#table.links.values()) {
      if (link.connection.direction !== 'outbound') continue
      if (
        link.address === multiaddr ||
        (peer === undefined && link.address === `${multiaddr}/p2p/${link.peer}`)
      ) {
        return link
      }
    }
    return undefined
  }
}

/** Nobody was there to say more. */
const MUTE: readonly ErrorCode[] = ['ERR_UNREACHABLE', 'ERR_CONNECTION_REFUSED']

/**
 * Of several failures the one that says most: anything but "cannot be reached" is about the right node. That
 * connections are refused tells only where it happened at every address: then the machine is up, and no node is.
 */
function worst(errors: readonly CacheMeshError[], peer: string | undefined): CacheMeshError {
  const telling =
    errors.find(({ code }) => !MUTE.includes(code)) ?? (errors.length === 1 ? errors[0] : undefined)
  if (telling !== undefined) return telling
  const who = peer === undefined ? 'no address answers' : `node ${peer} answers at none of its addresses`
  const why =
    errors.length === 0 ? 'there is no address to dial' : `${who}: ${errors.map(e => e.message).join('; ')}`
  const refused = errors.length > 0 && errors.every(({ code }) => code === 'ERR_CONNECTION_REFUSED')
  return new CacheMeshError(refused ? 'ERR_CONNECTION_REFUSED' : 'ERR_UNREACHABLE', why, { cause: errors[0] })
}

function unreachable(address: Address, signal: AbortSignal, cause: unknown): CacheMeshError {
  if (isRefusal(cause)) {
    const message = `Nothing listens at ${shown(address)}`
    return new CacheMeshError('ERR_CONNECTION_REFUSED', message, { cause })
  }
  const why = signal.aborted ? 'no answer in time' : cause instanceof Error ? cause.message : String(cause)
  return new CacheMeshError('ERR_UNREACHABLE', `${shown(address)} cannot be reached: ${why}`, { cause })
}

function isRefusal(cause: unknown): boolean {
  if (cause instanceof AggregateError) return cause.errors.length > 0 && cause.errors.every(isRefusal)
  return (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED'
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
