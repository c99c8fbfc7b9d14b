// The loaders of one process: of its programs, which load when they get the lease, and, where a run says so, those that
// load what the node answers for, whoever asks.

import {
  type Calls,
  type Found,
  type Instant,
  type Lease,
  LoadCall,
  type Loaded,
  type NodeCore,
  OwnFill,
} from '@cachemesh/core'
import { type FillBody, hashKey, type LeaseBody } from '@cachemesh/protocol'
import type { HerdPlan } from './herd-plan.ts'
import type { Operation, Result } from './operation.ts'
import { CONTENT_TYPE, valueFor } from './values.ts'

const LEASE_MS = 10_000
const FILL_MS = 1_000
/** Of what is loaded. */
export const LOAD_BYTES = 60

/** A load that begins: the number that its value names, and how long it takes. */
export interface StartedLoad {
  readonly id: number
  readonly takesMs: number
}

export interface ProcessLoadsParts {
  readonly core: NodeCore
  readonly calls: Calls
  readonly plan: HerdPlan
  at(): Instant
  started(key: string): StartedLoad
  /** A timer of this process; what it does belongs to a turn. */
  ring(afterMs: number, happen: () => void): void
  settled(operation: Operation, result: Result): void
  /** How a value that was found is told. */
  read(operation: Operation, found: Found, certain: boolean): Result
}

export class ProcessLoads {
  readonly #parts: ProcessLoadsParts

  constructor(parts: ProcessLoadsParts) {
    this.#parts = parts
    if (!parts.plan.ownLoaders) return
    const load = (key: string, lease: Lease): void => {
      this.#begin(key, { ...lease, holder: parts.core.id }, () => {})
    }
    parts.core.flights.loaders = { leaseMs: key => (key.startsWith('herd') ? LEASE_MS : 0), load }
  }

  ask(operation: Operation): void {
    const { core: node, calls, at, settled } = this.#parts
    const { key, hash } = operation
    const deadline = at().now + operation.deadline - operation.startedAt
    const wish = { claim: false, leaseMs: LEASE_MS, staleAfterMs: 0 }
    const done = (loaded: Loaded): void => this.#answered(operation, loaded, deadline)
    const reject = (error: unknown): void => {
      const { code, message } = error as Extract<Result, { kind: 'failed' }>
      settled(operation, { kind: 'failed', code, message })
    }
    calls.dispatch(new LoadCall({ node, key, hash, deadline, wish, done, reject }), at())
  }

  #answered(operation: Operation, loaded: Loaded, deadline: number): void {
    const { settled, read, ring, at } = this.#parts
    if (loaded.kind === 'miss') settled(operation, { kind: 'miss', certain: loaded.certain })
    else if (loaded.kind === 'hit') settled(operation, read(operation, loaded.found, loaded.certain))
    else {
      // A program waits for its own load no longer than for any other.
      const message = 'Its own load took too long'
      ring(deadline - at().now, () => {
        if (operation.result === undefined)
          settled(operation, { kind: 'failed', code: 'ERR_TIMEOUT', message })
      })
      this.#begin(operation.key, loaded.lease, value => {
        if (operation.result !== undefined) return
        const found = { value, contentType: CONTENT_TYPE, version: loaded.lease.token, ttlMs: 0 }
        settled(operation, read(operation, { ...found, served: 'local', by: '' }, false))
      })
    }
  }

  #begin(key: string, { token, holder }: LeaseBody, ended: (value: Uint8Array) => void): void {
    const { ring, started, core: node, calls, at } = this.#parts
    const { id, takesMs } = started(key)
    ring(takesMs, () => {
      const value = valueFor({ id, key, sizeBytes: LOAD_BYTES })
      const entry = { value, contentType: CONTENT_TYPE, ttlMs: 0 }
      const fill: FillBody = { token, kind: 'loaded', costMs: 0, freshMs: 0, entry }
      const request = { kind: 'fill', key, hash: hashKey(key), fill } as const
      const quiet = { resolve: () => {}, reject: () => {} }
      const deadline = at().now + FILL_MS
      calls.dispatch(new OwnFill({ node, request, holder, deadline, ...quiet }), at())
      ended(value)
    })
  }
}
