import {
  type AlteredBody,
  CacheMeshError,
  type EntryBody,
  type ErrorCode,
  FLAG,
  type Frame,
  type FrameKind,
  KIND,
  type LeaseBody,
  type Stamp,
  type VersionedEntry,
} from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import type { Entry } from '../store/entry.ts'
import type { WriteResult } from '../writes/result.ts'
import type { KeyRequest } from './call.ts'
import { remainingTtl } from './execution.ts'
import { type Outlet, overloaded, QUEUED_BYTES_MAX, sent, writerFor } from './outlet.ts'

/** The way back of an answer: a frame of its own, or a place in the answers of a batch. */
export abstract class KeyReply {
  /** `leaseMs`: so long it may be answered from a copy. */
  abstract hit(version: number, entry: EntryBody, flags?: number, leaseMs?: number): void
  abstract miss(flags?: number): void
  abstract done(written: { readonly version: number; readonly existed: boolean }, flags?: number): void
  abstract altered(altered: AlteredBody & { readonly existed: boolean }, flags?: number): void
  abstract error(error: unknown): void

  /** Loads alone have such answers, and never come in a batch. */
  lease(_lease: LeaseBody, _stale?: VersionedEntry, _flags?: number): void {}
  waiting(): void {}

  /** Another member has answered who asked. */
  settled(): void {}

  /** What another member answered, but for its flags. */
  pass(answer: Frame, flags: number): void {
    const { kind, existed } = answer
    if (kind === KIND.hit) this.hit(answer.version(), answer.entry(), flags)
    else if (kind === KIND.miss) this.miss(flags)
    else if (kind === KIND.altered) this.altered({ ...answer.altered(), existed }, flags)
    else this.done({ version: answer.version(), existed }, flags)
  }

  /** An entry of this node's memory, or that there is none. `leaseMs`: so long it may be answered from a copy. */
  found(entry: Entry | undefined, now: number, flags = 0, leaseMs = 0): void {
    if (entry === undefined) {
      this.miss(flags)
      return
    }
    const { value, contentType, version } = entry
    const shown = leaseMs > 0 ? flags | FLAG.copied : flags
    this.hit(version, { value, contentType, ttlMs: remainingTtl(entry, now) }, shown, leaseMs)
  }

  /** For whoever asks what this node holds. */
  held(_carried: Uint8Array): void {}

  /** What a write did here. */
  wrote(
    { alteration }: KeyRequest,
    result: WriteResult,
    { at, flags }: { at: Instant; flags: number },
  ): void {
    if (alteration === undefined) this.done(result, flags)
    else if (alteration.operation !== 'get-and-touch') this.altered(result, flags)
    else this.found(result.outcome === 'stored' ? result.entry : undefined, at.now, flags)
  }
}

/** The way back to the peer that asked. */
export class Reply extends KeyReply {
  readonly #outlet: Outlet
  readonly #id: number
  readonly #stamp: Stamp

  constructor(outlet: Outlet, id: number, stamp: Stamp) {
    super()
    this.#outlet = outlet
    this.#id = id
    this.#stamp = stamp
  }

  get peer(): string {
    return this.#outlet.peer
  }

  hit(version: number, entry: EntryBody, flags = 0, leaseMs = 0): void {
    // Many large values, asked for at once, would fill the memory of this node while they wait to leave it.
    if (this.#outlet.queuedBytes > QUEUED_BYTES_MAX) throw overloaded(this.#outlet.peer)
    const writer = writerFor(this.#outlet, this.#stamp, entry.value.length)
    writer.hit(this.#id, version, entry, flags, leaseMs)
    sent(this.#outlet, writer)
  }

  /** Nothing of it is decoded: who asked will do that. */
  override pass(answer: Frame, flags: number): void {
    if (this.#outlet.queuedBytes > QUEUED_BYTES_MAX) throw overloaded(this.#outlet.peer)
    const writer = writerFor(this.#outlet, this.#stamp, answer.restBytes)
    writer.message(answer.kind as FrameKind, this.#id, answer.rest(), flags)
    sent(this.#outlet, writer)
  }

  miss(flags = 0): void {
    this.#outlet.writer.miss(this.#id, flags)
    this.#outlet.flushSoon()
  }

  /** `stale`: what may be used while the other side loads. */
  override lease(lease: LeaseBody, stale?: VersionedEntry, flags = 0): void {
    const writer = writerFor(this.#outlet, this.#stamp, stale?.value.length ?? 0)
    writer.lease(this.#id, lease, stale, flags)
    sent(this.#outlet, writer)
  }

  override waiting(): void {
    this.#outlet.writer.waiting(this.#id)
    this.#outlet.flushSoon()
  }

  done(written: { readonly version: number; readonly existed: boolean }, flags = 0): void {
    this.#outlet.writer.done(this.#id, written.version, written.existed, flags)
    this.#outlet.flushSoon()
  }

  override held(carried: Uint8Array): void {
    if (this.#outlet.queuedBytes > QUEUED_BYTES_MAX) throw overloaded(this.#outlet.peer)
    const writer = writerFor(this.#outlet, this.#stamp, carried.length)
    writer.message(KIND.held, this.#id, carried)
    sent(this.#outlet, writer)
  }

  altered(altered: AlteredBody & { readonly existed: boolean }, flags = 0): void {
    this.#outlet.writer.altered(this.#id, altered, flags | (altered.existed ? FLAG.existed : 0))
    this.#outlet.flushSoon()
  }

  error(error: unknown): void {
    const { code, message } = said(error)
    this.#outlet.writer.error(this.#id, code, message)
    this.#outlet.flushSoon()
  }
}

/** What a peer is told of an error. */
export function said(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  const code = error instanceof CacheMeshError ? error.code : 'ERR_INTERNAL'
  return { code, message: error instanceof Error ? error.message : String(error) }
}
