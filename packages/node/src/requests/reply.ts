import type { Entry } from '@cachemesh/core'
import type { Link } from '@cachemesh/libp2p'
import { CacheMeshError, type EntryBody, type Stamp } from '@cachemesh/protocol'
import { remainingTtl } from './execution.ts'
import { overloaded, QUEUED_BYTES_MAX, sent, writerFor } from './outlet.ts'

/** The way back to the peer that asked. */
export class Reply {
  readonly #link: Link
  readonly #id: number
  readonly #stamp: Stamp

  constructor(link: Link, id: number, stamp: Stamp) {
    this.#link = link
    this.#id = id
    this.#stamp = stamp
  }

  /** An entry of this node's memory, or that there is none. */
  found(entry: Entry | undefined, now: number): void {
    if (entry === undefined) {
      this.miss()
      return
    }
    const { value, contentType, version } = entry
    this.hit(version, { value, contentType, ttlMs: remainingTtl(entry, now) })
  }

  hit(version: number, entry: EntryBody, flags = 0): void {
    // Many large values, asked for at once, would fill the memory of this node while they wait to leave it.
    if (this.#link.queuedBytes > QUEUED_BYTES_MAX) throw overloaded(this.#link.peer)
    const writer = writerFor(this.#link, this.#stamp, entry.value.length)
    writer.hit(this.#id, version, entry, flags)
    sent(this.#link, writer)
  }

  miss(flags = 0): void {
    this.#link.writer.miss(this.#id, flags)
    this.#link.flushSoon()
  }

  done(written: { readonly version: number; readonly existed: boolean }, flags = 0): void {
    this.#link.writer.done(this.#id, written.version, written.existed, flags)
    this.#link.flushSoon()
  }

  error(error: unknown): void {
    const known = error instanceof CacheMeshError
    const message = error instanceof Error ? error.message : String(error)
    this.#link.writer.error(this.#id, known ? error.code : 'ERR_INTERNAL', message)
    this.#link.flushSoon()
  }
}
