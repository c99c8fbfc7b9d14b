import { type Cut, type Paths, passes } from '../network/paths.ts'
import type { Host } from '../world/host.ts'

/** Shorter pauses are none of the mesh's business: the silence after which a node is asked about, ms. */
export const SILENCE_MS = 3_000
/**
 * A removal is the end of a story that began with silence: what was true within this time before it, ms, may be
 * the reason for it. (Silence, helpers, the slow rule, the time to refute, and as much again.)
 */
const STORY_MS = 12_000

interface Ways {
  /** From when on it was so. */
  readonly since: number
  readonly cuts: readonly Cut[]
  /** Of each host the number of the part of the mesh in which it is; found when it is first asked for. */
  parts?: { readonly of: readonly number[]; readonly lives: number }
}

/** What really was the case, as nobody in the mesh can know it: who ran, who moved, who could reach whom. */
export class Truth {
  readonly #hosts: readonly Host[]
  /** Newest last. */
  #ways: Ways[] = [{ since: 0, cuts: [] }]
  readonly #absentUntil = new Map<Host, number>()
  readonly #pausedUntil = new Map<Host, number>()
  /** Counts starts and ends. */
  #lives = 0

  constructor(hosts: readonly Host[]) {
    this.#hosts = hosts
  }

  started(host: Host, now: number): void {
    this.#lives++
    if (host.life > 1) this.#absentUntil.set(host, now)
  }

  ended(): void {
    this.#lives++
  }

  thaws(host: Host, now: number): void {
    const forMs = now - (host.frozenSince ?? now)
    ;(forMs >= SILENCE_MS ? this.#absentUntil : this.#pausedUntil).set(host, now)
  }

  pathsChanged(paths: Paths, now: number): void {
    const kept = this.#ways.findLastIndex(({ since }) => since <= now - STORY_MS)
    this.#ways = [...this.#ways.slice(Math.max(0, kept)), { since: now, cuts: paths.cuts }]
  }

  /** No process of it runs or moves, or did so not long ago. */
  absent(host: Host, now: number): boolean {
    if (host.state !== 'up') return true
    if (host.frozenSince !== undefined && now - host.frozenSince >= SILENCE_MS) return true
    return this.#lately(this.#absentUntil.get(host), now)
  }

  /** It runs, and it pauses or is slow. */
  sick(host: Host, now: number): boolean {
    return host.slowMs > 0 || host.frozenSince !== undefined || this.#lately(this.#pausedUntil.get(host), now)
  }

  /** No way led from one to the other and back, over whomever, or did not long ago. */
  parted(a: Host, b: Host, now: number): boolean {
    let until = now
    // The newest first: a reason is mostly one that still is.
    for (const ways of this.#ways.toReversed()) {
      if (until < now - STORY_MS) return false
      if (this.#partedBy(ways, a, b)) return true
      until = ways.since
    }
    return false
  }

  /** As it is now. */
  partedNow(a: Host, b: Host): boolean {
    return this.#partedBy(this.#ways.at(-1) as Ways, a, b)
  }

  #partedBy(ways: Ways, a: Host, b: Host): boolean {
    // Most are on no cut at all: then nobody need know the parts of the mesh.
    if (isOpen(ways.cuts, a.index, b.index)) return false
    const parts = this.#partsIn(ways)
    return parts[a.index] !== parts[b.index]
  }

  #lately(at: number | undefined, now: number): boolean {
    return at !== undefined && now - at < STORY_MS
  }

  #partsIn(ways: Ways): readonly number[] {
    if (ways.parts?.lives !== this.#lives) ways.parts = { of: this.#divide(ways.cuts), lives: this.#lives }
    return ways.parts.of
  }

  #divide(cuts: readonly Cut[]): readonly number[] {
    if (cuts.length === 0) return this.#hosts.map(() => 0)
    const part = this.#hosts.map(() => -1)
    for (const { index } of this.#hosts) {
      if (part[index] !== -1) continue
      part[index] = index
      const border = [index]
      for (let from = border.pop(); from !== undefined; from = border.pop()) {
        // Who does not run is somewhere, and helps nobody to get anywhere.
        if (this.#hosts[from]?.state !== 'up') continue
        for (const { index: to } of this.#hosts) {
          if (part[to] !== -1 || !isOpen(cuts, from, to)) continue
          part[to] = index
          border.push(to)
        }
      }
    }
    return part
  }
}

function isOpen(cuts: readonly Cut[], a: number, b: number): boolean {
  return passes(cuts, a, b) && passes(cuts, b, a)
}
