// What is left of deletes whose markers were dropped: for each arc of the ring the greatest version of such a
// marker. An entry of the arc at or below it that comes from elsewhere may be one that was deleted.

/** The ring is cut into so many arcs, by the top bits of the hash of a key. */
export const ARCS = 65_536
const ARC_SHIFT = 16
/** Arcs of one page. A page takes memory, 2 KiB, when the first of its floors is raised. */
const PAGE = 256

/** The floor of one arc. Floors of several nodes join by their maximum. */
export interface ArcFloor {
  /** Number of the arc: `arcOf` of any hash in it. */
  readonly arc: number
  readonly version: number
}

export function arcOf(hash: number): number {
  return hash >>> ARC_SHIFT
}

/** Bounded: 512 KiB when every arc has a floor. They are never lowered while the process lives. */
export class Floors {
  readonly #pages: (Float64Array | undefined)[] = new Array(ARCS / PAGE).fill(undefined)

  /** 0: nothing is known of deletes in this arc but what the markers say. */
  of(hash: number): number {
    const arc = arcOf(hash)
    return this.#pages[Math.floor(arc / PAGE)]?.[arc % PAGE] ?? 0
  }

  /** Returns true when the floor was lower. */
  raise(arc: number, version: number): boolean {
    const number = Math.floor(arc / PAGE)
    const page = this.#pages[number] ?? new Float64Array(PAGE)
    this.#pages[number] = page
    if ((page[arc % PAGE] as number) >= version) return false
    page[arc % PAGE] = version
    return true
  }

  /** Those above 0 of the arcs `first` to `last`, both included, for the node that these arcs go to. */
  between(first: number, last: number): ArcFloor[] {
    const floors: ArcFloor[] = []
    for (let arc = first; arc <= last; arc++) {
      const page = this.#pages[Math.floor(arc / PAGE)]
      if (page === undefined) arc |= PAGE - 1
      else if ((page[arc % PAGE] as number) > 0) floors.push({ arc, version: page[arc % PAGE] as number })
    }
    return floors
  }
}
