// A node joins while applications read keys that run out all the time, and load them anew: does what the new node owns from
// then on come from those who have it, or from the data store?

import { Applications } from './applications.ts'
import { Mesh, pause } from './mesh.ts'

export interface Join {
  /** Processes before the new one comes. */
  readonly nodes: number
  /** Loads of all processes from the start of the new one on. */
  readonly loads: number
  /** Of them those of a key whose value was to last longer: without the new node nobody would have loaded it. */
  readonly early: number
  /** Loads for each one there would have been without it. */
  readonly ratio: number
  readonly reads: number
  readonly failed: number
}

const READS_PER_SECOND = 400
/** Until each key was loaded at least once, ms. */
const WARM_MS = 8_000
const AFTER_MS = 5_000

export async function join({ nodes: count }: { readonly nodes: number }): Promise<Join> {
  const mesh = new Mesh()
  try {
    const applications = new Applications(mesh)
    const first = await applications.start(READS_PER_SECOND)
    await Promise.all(Array.from({ length: count - 1 }, () => applications.start(READS_PER_SECOND, first)))
    await pause(WARM_MS)
    const joinsAt = performance.now()
    await applications.start(0, first)
    await pause(AFTER_MS)
    const { loads, early } = applications.since(joinsAt)
    const ratio = Number((loads / (loads - early)).toFixed(3))
    const { reads, failed } = applications
    return { nodes: count, loads, early, ratio, reads, failed }
  } finally {
    await mesh.end()
  }
}
