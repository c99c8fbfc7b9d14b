// A link: the two streams to one peer, over one connection. It is made once, goes up once at most, and goes
// down once; it never moves to another connection, so no frame can be lost between two of them in silence.

import {
  BULK_FRAME_MAX,
  CacheMeshError,
  type Frame,
  FrameWriter,
  SMALL_FRAME_MAX,
  type Stamp,
} from '@cachemesh/protocol'
import type { Connection, Stream } from '@libp2p/interface'
import { BulkQueue } from './bulk-queue.ts'
import { abortConnection, closeConnection } from './ending.ts'
import { idOf } from './id-of.ts'
import { Lane, type LaneOwner, left } from './lane.ts'

/** A usable way to one peer. */
export interface Link {
  /** Peer id of the other side. */
  readonly peer: string
  /** Multiaddr of the other side of the connection. */
  readonly address: string
  /** Small frames are encoded straight into it; call `flushSoon` after. */
  readonly writer: FrameWriter
  /** Bytes that wait in the writer, in the queue of large frames and in both streams. */
  readonly queuedBytes: number
  /** Bytes that have arrived, whole frames or not: a sign of life while a large value is on its way. */
  readonly receivedBytes: number
  /**
   * Sends the frames of this tick of the event loop together: at its end, or when there are many. With `whole` there have
   * to be more: of frames that cross a third member (decision 0059).
   */
  flushSoon(whole?: boolean): void
  /**
   * Sends one encoded frame that is too large for the stream of small frames, in pieces. Their bytes must not change
   * any more. Large frames keep their order among each other, not towards small ones.
   */
  sendBulk(frame: readonly Uint8Array[]): void
  /** Goes down at once; what is queued still has a second to leave. */
  close(): void
}

export interface LinkEvents {
  /** What every frame of this node says about it. */
  readonly stamp: Stamp
  up(link: PeerLink): void
  /** `wasUp` is false for a link that failed while it was made. */
  down(link: PeerLink, reason: CacheMeshError, wasUp: boolean): void
  frame(link: PeerLink, frame: Frame): void
  /** All frames that arrived together were handed over. */
  through(): void
}

export type LaneName = 'frames' | 'bulk'

const LANE_BYTES_MAX = { frames: SMALL_FRAME_MAX, bulk: BULK_FRAME_MAX } as const
/**
 * Frames that wait for the end of the tick leave before it when there are this many bytes of them: the peer
 * works on the first while this side still makes the others (decision 0009). Of small frames fewer bytes are enough.
 */
const BATCH_BYTES_MAX = 8 * 1024
const SMALL_BATCH_BYTES = 2 * 1024
const SMALL_BATCH_FRAMES = 8
/** What is queued when a link is closed has this long to leave, ms. */
const LINGER_MS = 1_000

export class PeerLink implements Link, LaneOwner {
  readonly peer: string
  readonly address: string
  readonly writer: FrameWriter
  readonly connection: Connection
  /** True on the side that opens the streams; it greets first. */
  readonly #opener: boolean
  readonly #events: LinkEvents
  #state: 'forming' | 'up' | 'down' = 'forming'
  #frames: Lane | undefined
  #bulk: Lane | undefined
  #queue: BulkQueue | undefined
  #flushing = false
  /** Frames since the last flush, about: `flushSoon` is called for each. */
  #waiting = 0
  #finished: Promise<void> = Promise.resolve()
  /** The peer has sent its last, or the connection is gone. */
  readonly #peerEnd = Promise.withResolvers<void>()

  constructor(connection: Connection, opener: boolean, events: LinkEvents) {
    this.connection = connection
    this.peer = idOf(connection.remotePeer)
    this.address = connection.remoteAddr.toString()
    this.#opener = opener
    this.#events = events
    this.writer = new FrameWriter(events.stamp)
    connection.addEventListener('close', () => this.#peerEnd.resolve())
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  get queuedBytes(): number {
    return (
      this.writer.length +
      (this.#queue?.queuedBytes ?? 0) +
      (this.#frames?.stream.writeBufferLength ?? 0) +
      (this.#bulk?.stream.writeBufferLength ?? 0)
    )
  }

  get receivedBytes(): number {
    return (this.#frames?.receivedBytes ?? 0) + (this.#bulk?.receivedBytes ?? 0)
  }

  /** Resolves when a closed link has let go of its connection. */
  get finished(): Promise<void> {
    return this.#finished
  }

  attach(name: LaneName, stream: Stream): void {
    if (this.#state !== 'forming' || (name === 'frames' ? this.#frames : this.#bulk) !== undefined) {
      stream.abort(new Error('This connection has its link already'))
      return
    }
    const lane = new Lane(stream, LANE_BYTES_MAX[name], this)
    if (name === 'frames') {
      this.#frames = lane
      stream.addEventListener('remoteCloseWrite', () => {
        this.#peerEnd.resolve()
        this.failed(left())
      })
    } else {
      this.#bulk = lane
      this.#queue = new BulkQueue(stream, error => this.failed(broken(error)))
    }
    if (this.#opener && this.#frames !== undefined && this.#bulk !== undefined) this.#greet()
  }

  flushSoon(whole = false): void {
    // A tick that answers a great many requests must not keep them all back until its end.
    const isSmall = !whole && ++this.#waiting >= SMALL_BATCH_FRAMES
    const bytesMax = isSmall ? SMALL_BATCH_BYTES : BATCH_BYTES_MAX
    if (this.writer.length >= bytesMax) this.#flush()
    if (this.#flushing) return
    this.#flushing = true
    // An immediate runs after all frames of one read from the socket were handled: the largest batch.
    setImmediate(this.#flushAtEnd)
  }

  sendBulk(frame: readonly Uint8Array[]): void {
    if (this.#state === 'up') this.#queue?.push(frame)
  }

  close(): void {
    if (this.#state === 'down') return
    const reason = new CacheMeshError('ERR_CLOSED', `The link to ${this.peer} was closed by this node`)
    if (this.isUp) this.#flush()
    this.#goDown(reason, () => this.#linger())
  }

  greeted(): void {
    if (this.#frames?.greeted !== true || this.#bulk?.greeted !== true) return
    // Both greetings leave before any frame, so that the opener is up before it reads one.
    if (!this.#opener) this.#greet()
    if (this.#state !== 'forming') return
    this.#state = 'up'
    this.#events.up(this)
    this.#frames.release()
    this.#bulk.release()
  }

  frame(frame: Frame): void {
    // The handler of an earlier frame in the same chunk may have closed the link.
    if (this.#state === 'up') this.#events.frame(this, frame)
  }

  through(): void {
    this.#events.through()
  }

  failed(reason: CacheMeshError): void {
    if (this.#state === 'down') return
    this.#queue?.drop()
    this.#goDown(reason, () => abortConnection(this.connection, reason))
  }

  readonly #flushAtEnd = (): void => {
    this.#flushing = false
    this.#flush()
  }

  #flush(): void {
    this.#waiting = 0
    const bytes = this.writer.take()
    if (bytes === undefined || this.#state !== 'up') return
    try {
      this.#frames?.stream.send(bytes)
      this.#queue?.smallSent()
    } catch (error) {
      this.failed(broken(error))
    }
  }

  #greet(): void {
    try {
      this.#frames?.greet()
      this.#bulk?.greet()
    } catch (error) {
      this.failed(broken(error))
    }
  }

  #goDown(reason: CacheMeshError, finish: () => Promise<void>): void {
    const wasUp = this.#state === 'up'
    this.#state = 'down'
    this.#finished = finish()
    this.#events.down(this, reason, wasUp)
  }

  /** The end of the stream for small frames tells the peer; it leaves last, behind all large frames. */
  async #linger(): Promise<void> {
    const signal = AbortSignal.timeout(LINGER_MS)
    try {
      await Promise.race([this.#queue?.empty(), aborted(signal)])
      await this.#bulk?.stream.close({ signal })
      await this.#frames?.stream.close({ signal })
      // The peer ends the connection when it has read that, or has closed the link too. Closed before, with something of the
      // peer's unread, the socket would take back what the peer has not read yet.
      await Promise.race([this.#peerEnd.promise, aborted(signal)])
      await closeConnection(this.connection, signal)
    } catch (error) {
      await abortConnection(this.connection, broken(error))
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function broken(error: unknown): CacheMeshError {
  if (error instanceof CacheMeshError) return error
  const why = error instanceof Error ? error.message : String(error)
  return new CacheMeshError('ERR_UNREACHABLE', `The connection broke: ${why}`, { cause: error })
}
