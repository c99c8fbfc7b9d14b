// Which arcs of its own a node is asked for most, over several looks: one look sees little of an arc.

import type { Ring } from '@cachemesh/protocol'
import { hottestPositions } from '../load/hot-positions.ts'
import type { Load } from '../load/load.ts'

/** An arc that this node owns, as the ring has it. */
export interface HotArc {
  /** Its position: where it ends. */
  readonly end: number
  readonly perSecond: number
  /** What is asked for up to a position of the arc, from its beginning on, for each that may be a new end. */
  readonly parts: readonly { readonly end: number; readonly perSecond: number }[]
}

/** Cells of the load that are looked at: the hottest. */
const CELLS_MAX = 1_024
const KEYS_MAX = 64
const CELL_BITS = 16
const CELL_LAST = 2 ** CELL_BITS - 1

export class Watch {
  #looks = 0
  /** Sums of rates, by cell. */
  readonly #cells = new Map<number, number>()
  /** Where in a cell its hottest key lies. */
  readonly #keys = new Map<number, number>()

  get looks(): number {
    return this.#looks
  }

  /** `positionOf`: of a key on the ring of all. */
  look(load: Load, now: number, positionOf: (hash: number, key: string) => number | undefined): void {
    this.#looks++
    for (const { arc, perSecond } of load.hotArcs(CELLS_MAX, now))
      this.#cells.set(arc, (this.#cells.get(arc) ?? 0) + perSecond)
    for (const [arc, position] of hottestPositions(load.hotKeys(KEYS_MAX, now), positionOf))
      this.#keys.set(arc, position)
  }

  end(): void {
    this.#looks = 0
    this.#cells.clear()
    this.#keys.clear()
  }

  /** The hottest first. */
  arcs(ring: Ring, self: number): HotArc[] {
    const found = new Map<number, { start: number; cells: { cell: number; sum: number }[] }>()
    for (const [cell, sum] of this.#cells) {
      const range = ring.range(this.#keys.get(cell) ?? (cell << CELL_BITS) + CELL_LAST / 2)
      if (range === undefined || range.owner !== self) continue
      const arc = found.get(range.end) ?? { start: range.start, cells: [] }
      arc.cells.push({ cell, sum })
      found.set(range.end, arc)
    }
    const arcs = [...found].map(([end, arc]) => this.#arc(end, arc))
    return arcs.sort((x, y) => y.perSecond - x.perSecond)
  }

  #arc(end: number, { start, cells }: { start: number; cells: { cell: number; sum: number }[] }): HotArc {
    const from = (position: number): number => (position - start - 1) >>> 0
    const length = from(end)
    // What lies before the first whole cell is in a cell that the arc before has as well.
    const parts = cells
      .map(({ cell, sum }) => {
        const last = ((cell << CELL_BITS) | CELL_LAST) >>> 0
        return { end: from(last) < length ? last : end, perSecond: sum / this.#looks }
      })
      .sort((x, y) => from(x.end) - from(y.end))
    let perSecond = 0
    const sums = parts.map(part => {
      perSecond += part.perSecond
      return { end: part.end, perSecond }
    })
    return { end, perSecond, parts: sums }
  }
}
