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

  started(host: Host, now: number): void {
    if (reservedFault(host) === undefined) this.#unkeptSince.delete(host)
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

/** What is wrong with what a host keeps; undefined when it is its configuration. */
export function reservedFault(host: Host): string | undefined {
  const bytes = host.core.store.reserved.get('configuration')
  if (bytes === undefined) return 'there is no configuration in the reserved partition'
  const { configuration } = host.core
  try {
    const { version } = unpackConfiguration(bytes, configuration.meshId)
    if (version.digest === configuration.version.digest) return undefined
    return `the reserved partition holds ${version.digest}, the node ${configuration.version.digest}`
  } catch (error) {
    if (error instanceof CacheMeshError) return `the reserved partition is damaged: ${error.message}`
    throw error
  }
}
