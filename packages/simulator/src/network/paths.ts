import type { Ways } from '../scenario/scenario.ts'

/** Keeps frames of some hosts from others. Hosts are named by their index. */
export interface Cut {
  /** True when nothing passes on the way from one host to another. */
  blocks(from: number, to: number): boolean
}

/** More than any run has. */
const HOSTS_MAX = 2 ** 20

/** Who can reach whom: the ways between hosts, and the cuts that lie on them now. */
export class Paths {
  readonly #cuts = new Set<Cut>()
  /** Answers for the cuts there are now, by both hosts: frames ask far more often than cuts change. */
  readonly #known = new Map<number, boolean>()

  /** The cuts there are now; another array after every change. */
  get cuts(): readonly Cut[] {
    return [...this.#cuts]
  }

  /** The cut lies there until the returned function is called, which says whether it still did. */
  add(cut: Cut): () => boolean {
    this.#cuts.add(cut)
    this.#known.clear()
    return () => {
      this.#known.clear()
      return this.#cuts.delete(cut)
    }
  }

  clear(): void {
    this.#cuts.clear()
    this.#known.clear()
  }

  /** A frame gets from one host to another. */
  passes(from: number, to: number): boolean {
    if (this.#cuts.size === 0) return true
    const pair = from * HOSTS_MAX + to
    let known = this.#known.get(pair)
    if (known === undefined) {
      known = passes(this.#cuts, from, to)
      this.#known.set(pair, known)
    }
    return known
  }

  /** Frames get there and back. */
  open(a: number, b: number): boolean {
    return this.passes(a, b) && this.passes(b, a)
  }
}

export function passes(cuts: Iterable<Cut>, from: number, to: number): boolean {
  for (const cut of cuts) if (cut.blocks(from, to)) return false
  return true
}

/** Between these hosts and all others. */
export function around(hosts: ReadonlySet<number>, ways: Ways): Cut {
  return {
    blocks(from, to) {
      const leaves = hosts.has(from)
      if (leaves === hosts.has(to)) return false
      return ways === 'both' || (ways === 'out') === leaves
    },
  }
}

/** Between two hosts and nobody else; `out` stops what the first of them sends. */
export function between(a: number, b: number, ways: Ways): Cut {
  return {
    blocks(from, to) {
      if (from === a && to === b) return ways !== 'in'
      return from === b && to === a && ways !== 'out'
    },
  }
}
