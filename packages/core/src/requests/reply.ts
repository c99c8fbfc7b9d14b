import {
  CacheMeshError,
  type EntryBody,
  type LeaseBody,
  type Stamp,
  type VersionedEntry,
} from '@cachemesh/protocol'
import type { Entry } from '../store/entry.ts'
import { remainingTtl } from './execution.ts'
import { type Outlet, overloaded, QUEUED_BYTES_MAX, sent, writerFor } from './outlet.ts'

/** The way back to the peer that asked. */
export class Reply {
  readonly #outlet: Outlet
  readonly #id: number
  readonly #stamp: Stamp

  constructor(outlet: Outlet, id: number, stamp: Stamp) {
    this.#outlet = outlet
    this.#id = id
    this.#stamp = stamp
  }

  /** An entry of this node's memory, or that there is none. */
  found(entry: Entry | undefined, now: number, flags = 0): void {
    if (entry === undefined) {
      this.miss(flags)
      return
    }
    const { value, contentType, version } = entry
    this.hit(version, { value, contentType, ttlMs: remainingTtl(entry, now) }, flags)
  }

  hit(version: number, entry: EntryBody, flags = 0): void {
    // Many large values, asked for at once, would fill the memory of this node while they wait to leave it.
    if (this.#outlet.queuedBytes > QUEUED_BYTES_MAX) throw overloaded(this.#outlet.peer)
    const writer = writerFor(this.#outlet, this.#stamp, entry.value.length)
    writer.hit(this.#id, version, entry, flags)
    sent(this.#outlet, writer)
  }

  miss(flags = 0): void {
    this.#outlet.writer.miss(this.#id, flags)
    this.#outlet.flushSoon()
  }

  /** `stale`: what may be used while the other side loads. */
  lease(lease: LeaseBody, stale?: VersionedEntry, flags = 0): void {
    const writer = writerFor(this.#outlet, this.#stamp, stale?.value.length ?? 0)
    writer.lease(this.#id, lease, stale, flags)
    sent(this.#outlet, writer)
  }

  waiting(): void {
    this.#outlet.writer.waiting(this.#id)
    this.#outlet.flushSoon()
  }

  done(written: { readonly version: number; readonly existed: boolean }, flags = 0): void {
    this.#outlet.writer.done(this.#id, written.version, written.existed, flags)
    this.#outlet.flushSoon()
  }

  error(error: unknown): void {
    const known = error instanceof CacheMeshError
    const message = error instanceof Error ? error.message : String(error)
    this.#outlet.writer.error(this.#id, known ? error.code : 'ERR_INTERNAL', message)
    this.#outlet.flushSoon()
  }
}
