import type { Outlet } from '@cachemesh/core'
import { FrameWriter, type Stamp } from '@cachemesh/protocol'

/** One end of a simulated link, as requests see it: what is written leaves at the end of the turn. */
export class SimulatedOutlet implements Outlet {
  readonly peer: string
  /** Index of the peer's host. */
  readonly to: number
  readonly writer: FrameWriter
  receivedBytes = 0
  readonly #deliver: (bytes: Uint8Array) => void
  readonly #wait: (outlet: SimulatedOutlet) => void

  constructor(
    peer: { readonly id: string; readonly index: number },
    stamp: Stamp,
    turn: {
      /** Puts bytes onto the link. */
      readonly deliver: (bytes: Uint8Array) => void
      /** This outlet has something to send at the end of the turn. */
      readonly wait: (outlet: SimulatedOutlet) => void
    },
  ) {
    this.peer = peer.id
    this.to = peer.index
    this.writer = new FrameWriter(stamp)
    this.#deliver = turn.deliver
    this.#wait = turn.wait
  }

  /** The simulated network takes everything at once. */
  get queuedBytes(): number {
    return this.writer.length
  }

  flushSoon(): void {
    this.#wait(this)
  }

  flush(): void {
    const bytes = this.writer.take()
    if (bytes !== undefined) this.#deliver(bytes)
  }

  /** As one: a host reads what all peers send with one reader, and a frame gets lost as a whole. */
  sendBulk(frame: readonly Uint8Array[]): void {
    const bytes = new Uint8Array(frame.reduce((sum, piece) => sum + piece.length, 0))
    let at = 0
    for (const piece of frame) {
      bytes.set(piece, at)
      at += piece.length
    }
    this.#deliver(bytes)
  }
}
