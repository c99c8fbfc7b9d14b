// Applications that read the same keys through one mesh, and what they say of it.

import { fileURLToPath } from 'node:url'
import type { Mesh } from './mesh.ts'

export const KEYS = 2_000
/** Each key has to be loaded anew after so long. */
export const TTL_MS = 10_000

/** What an application has done since it said so last. */
export interface Told {
  readonly loaded: string[]
  reads: number
  failed: number
}

const APPLICATION = fileURLToPath(new URL('./application.ts', import.meta.url))
/** What lies between a value's beginning and the word that it was loaded, on a busy machine, ms. */
const SLACK_MS = 500

export class Applications {
  reads = 0
  failed = 0
  readonly #mesh: Mesh
  readonly #loads: { readonly at: number; readonly early: boolean }[] = []
  readonly #loadedAt = new Map<string, number>()

  constructor(mesh: Mesh) {
    this.#mesh = mesh
  }

  /** Resolves to the address of one more when it serves. */
  start(readsPerSecond: number, seed?: string): Promise<string> {
    const args = [APPLICATION, String(readsPerSecond), ...(seed === undefined ? [] : [seed])]
    const process = this.#mesh.processes.spawnNode(['--conditions=@cachemesh/source', ...args])
    return new Promise((resolve, reject) => {
      process.lines(line => {
        const told = JSON.parse(line) as { readonly address: string } | Told
        if ('address' in told) resolve(told.address)
        else this.#count(told)
      })
      process.ended.then(({ stderr }) => reject(new Error(stderr)))
    })
  }

  /** Loads from this time on, and how many of them were of a key whose value was to last longer. */
  since(time: number): { readonly loads: number; readonly early: number } {
    const loads = this.#loads.filter(({ at }) => at >= time)
    return { loads: loads.length, early: loads.filter(({ early }) => early).length }
  }

  #count({ loaded, reads, failed }: Told): void {
    const at = performance.now()
    this.reads += reads
    this.failed += failed
    for (const key of loaded) {
      const before = this.#loadedAt.get(key) ?? Number.NEGATIVE_INFINITY
      this.#loads.push({ at, early: at - before < TTL_MS - SLACK_MS })
      this.#loadedAt.set(key, at)
    }
  }
}
