// Who watches whom. Every node derives it from the configuration alone, so all nodes with one configuration agree.
// The watchers are the union of K circles of ids in different orders (an expander, as in Rapid, ATC 2018): each node
// watches about as many as watch it, and no cut can separate few members from all of their observers unnoticed.

import { type Configuration, hashKey, isTombstone } from '@cachemesh/protocol'
import { RULES, type Rules } from '../limits/limits.ts'

type ObserverRules = Pick<Rules, 'observersMax' | 'allObserveMax'>

interface Place {
  readonly id: string
  /** What gives the member its place in each circle. */
  readonly hashes: Uint32Array
  /** How many stand before it there. */
  readonly index: Uint32Array
}

export class Observers {
  readonly #rules: ObserverRules
  readonly #places = new Map<string, Place>()
  readonly #circles: Place[][]
  /** What was asked since the last change. */
  readonly #known = new Map<string, readonly string[]>()

  constructor(rules: ObserverRules) {
    this.#rules = rules
    this.#circles = Array.from({ length: rules.observersMax }, () => [])
  }

  /** Members that have not left, joining ones included. */
  get ids(): Iterable<string> {
    return this.#places.keys()
  }

  get size(): number {
    return this.#places.size
  }

  has(id: string): boolean {
    return this.#places.has(id)
  }

  /** Observers that each member has. */
  get each(): number {
    const { allObserveMax, observersMax } = this.#rules
    return this.size <= allObserveMax ? Math.max(0, this.size - 1) : Math.min(observersMax, this.size - 1)
  }

  /** Costs one pass over the members, and little for each that came or went. Returns false when nobody did. */
  update(configuration: Configuration): boolean {
    if (this.#isSame(configuration)) return false
    const living = new Set<string>()
    for (const member of configuration.members) if (!isTombstone(member)) living.add(member.id)
    for (const place of [...this.#places.values()]) if (!living.has(place.id)) this.#take(place)
    for (const id of living) if (!this.#places.has(id)) this.#put(id)
    this.#count()
    return true
  }

  /** Most changes are none of who is there. */
  #isSame({ living, members }: Configuration): boolean {
    return living === this.#places.size && members.every(it => isTombstone(it) || this.#places.has(it.id))
  }

  #count(): void {
    this.#known.clear()
    for (const [k, circle] of this.#circles.entries())
      for (let i = 0; i < circle.length; i++) (circle[i] as Place).index[k] = i
  }

  /** Of circle k the nearest predecessor that no earlier circle has given. */
  of(id: string): readonly string[] {
    let observers = this.#known.get(id)
    if (observers === undefined) {
      observers = this.#derive(id)
      this.#known.set(id, observers)
    }
    return observers
  }

  #derive(id: string): string[] {
    const place = this.#places.get(id)
    if (place === undefined) return []
    if (this.size <= this.#rules.allObserveMax) return [...this.#places.keys()].filter(other => other !== id)
    const chosen: string[] = []
    for (const [k, circle] of this.#circles.entries()) {
      const start = place.index[k] as number
      for (let step = 1; step < circle.length; step++) {
        const { id: other } = circle[(start - step + circle.length) % circle.length] as Place
        if (chosen.includes(other)) continue
        chosen.push(other)
        break
      }
    }
    return chosen
  }

  /** The members that this one observes. */
  observedBy(id: string): string[] {
    const place = this.#places.get(id)
    if (place === undefined) return []
    if (this.size <= this.#rules.allObserveMax) return [...this.#places.keys()].filter(other => other !== id)
    const observed = new Set<string>()
    for (const [k, circle] of this.#circles.entries()) {
      const start = place.index[k] as number
      // In circle k at most k predecessors were given by circles before it.
      for (let step = 1; step <= Math.min(k + 1, circle.length - 1); step++) {
        const { id: other } = circle[(start + step) % circle.length] as Place
        if (!observed.has(other) && this.of(other).includes(id)) observed.add(other)
      }
    }
    return [...observed]
  }

  #put(id: string): void {
    const count = this.#circles.length
    const place = { id, hashes: hashesOf(id, count), index: new Uint32Array(count) }
    for (const [k, circle] of this.#circles.entries()) circle.splice(this.#indexOf(k, place), 0, place)
    this.#places.set(id, place)
  }

  #take(place: Place): void {
    for (const [k, circle] of this.#circles.entries()) circle.splice(this.#indexOf(k, place), 1)
    this.#places.delete(place.id)
  }

  /** Where the place is in its circle, or belongs. */
  #indexOf(k: number, place: Place): number {
    const circle = this.#circles[k] as Place[]
    let [low, high] = [0, circle.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (before(circle[middle] as Place, place, k)) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Members go and return: what gives them their places is remembered. */
const remembered = new Map<string, Uint32Array>()
const REMEMBERED_MAX = 4_096

function hashesOf(id: string, circles: number): Uint32Array {
  const known = remembered.get(id)
  if (known?.length === circles) return known
  const hashes = Uint32Array.from({ length: circles }, (_, k) => hashKey(`${k}/${id}`))
  if (remembered.size >= REMEMBERED_MAX) remembered.clear()
  remembered.set(id, hashes)
  return hashes
}

/** Who watches one member of a configuration, by the rules that all nodes follow. */
export function observersOf(configuration: Configuration, id: string): readonly string[] {
  const observers = new Observers(RULES)
  observers.update(configuration)
  return observers.of(id)
}

function before(a: Place, b: Place, k: number): boolean {
  const [x, y] = [a.hashes[k] as number, b.hashes[k] as number]
  return x < y || (x === y && a.id < b.id)
}
