import { unpackConfiguration } from '@cachemesh/core'
import { CacheMeshError } from '@cachemesh/protocol'
import type { Host } from '../world/host.ts'
import { type Checker, FINE, type Step } from './checker.ts'

/** A change is kept within this time, ms: the delay of the core and the lateness of a timer. */
const KEPT_WITHIN_MS = 1_000

/** The reserved partition holds the configuration, whatever happens to the rest of the cache. */
export class ReservedPartition implements Checker {
  readonly name = 'reserved'
  /** Since when a host holds a configuration that it has not kept. */
  readonly #unkeptSince = new Map<Host, number>()
  readonly #kept = new KeptDigests()

  started(host: Host, now: number): void {
    if (reservedFault(host, this.#kept) === undefined) this.#unkeptSince.delete(host)
    else this.#unkeptSince.set(host, now)
  }

  stepped({ host, now, outputs, before, after }: Step): readonly string[] {
    for (const output of outputs) {
      if (output.kind !== 'persist') continue
      this.#unkeptSince.delete(host)
      // Reading it anew costs more than the step; what is in it is looked at when the run ends.
      const kept = host.core.store.reserved.get('configuration')
      return kept === output.bytes ? FINE : ['the reserved partition holds something else than was persisted']
    }
    if (before !== after && !this.#unkeptSince.has(host)) this.#unkeptSince.set(host, now)
    const since = this.#unkeptSince.get(host)
    if (since === undefined || now - since <= KEPT_WITHIN_MS) return FINE
    return [`a change is not kept after ${Math.round(now - since)} ms`]
  }
}

/** Reads what hosts keep. In a mesh that is whole all keep the same bytes: equal ones are read once. */
export class KeptDigests {
  #bytes: Uint8Array = new Uint8Array(0)
  #digest: string | undefined

  /** Digest of the configuration in there. Throws as `unpackConfiguration` does. */
  in(bytes: Uint8Array, meshId: string): string {
    if (this.#digest !== undefined && equal(bytes, this.#bytes)) return this.#digest
    const { digest } = unpackConfiguration(bytes, meshId).version
    this.#bytes = bytes.slice()
    this.#digest = digest
    return digest
  }
}

/** What is wrong with what a host keeps; undefined when it is its configuration. */
export function reservedFault(host: Host, kept: KeptDigests): string | undefined {
  const bytes = host.core.store.reserved.get('configuration')
  if (bytes === undefined) return 'there is no configuration in the reserved partition'
  const { meshId, version } = host.core.configuration
  try {
    const digest = kept.in(bytes, meshId)
    if (digest === version.digest) return undefined
    return `the reserved partition holds ${digest}, the node ${version.digest}`
  } catch (error) {
    if (error instanceof CacheMeshError) return `the reserved partition is damaged: ${error.message}`
    throw error
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
