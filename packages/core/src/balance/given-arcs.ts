// What the configuration says of arcs that nodes gave away, and the changes that give more of them, or take them back.

import {
  arcSlot,
  type Configuration,
  isTombstone,
  LIMITS,
  type SetPosition,
  SLOT_ARCS_MAX,
  setPositions,
} from '@cachemesh/protocol'
import type { Change } from '../configuration/change.ts'

/** Lists of members by position; null: none any more. */
export type Arcs = ReadonlyMap<number, readonly string[] | null>

/** A register takes a little more than that. */
const SLOT_BYTES_MAX = LIMITS.recordBytesMax - 1_024

/** Positions that are set, and when each was last set anew, as this node saw it. */
export class GivenArcs {
  #positions = new Map<number, SetPosition>()
  readonly #changedAt = new Map<number, number>()
  #text = ''

  /** Returns the members that got something, or gave it away, by this configuration. */
  follow(configuration: Configuration, now: number): ReadonlySet<string> {
    const concerned = new Set<string>()
    const text = configuration.registers
      .filter(({ name }) => name.startsWith('placements/'))
      .map(({ name, counter, json }) => `${name} ${counter} ${json}`)
      .join('\n')
    if (text === this.#text) return concerned
    this.#text = text
    const before = this.#positions
    this.#positions = new Map(setPositions(configuration).map(it => [it.position, it]))
    for (const position of new Set([...before.keys(), ...this.#positions.keys()])) {
      const [old, now_] = [before.get(position)?.members ?? [], this.#positions.get(position)?.members ?? []]
      if (`${old}` === `${now_}`) continue
      this.#changedAt.set(position, now)
      for (const id of [...old, ...now_]) concerned.add(id)
    }
    return concerned
  }

  /** True when the arc that ends there was given, shared or taken back since then, or belongs to whom somebody chose by hand. */
  isFixed(position: number, since: number): boolean {
    return (
      this.#positions.get(position)?.by === 'hand' ||
      (this.#changedAt.get(position) ?? Number.NEGATIVE_INFINITY) > since
    )
  }

  isShared(position: number): boolean {
    return (this.#positions.get(position)?.members.length ?? 0) > 1
  }

  /** Positions that nodes gave to this member and that have been so since before then. */
  ownSince(self: string, then: number): number[] {
    return [...this.#positions.values()]
      .filter(({ by, members, position }) => {
        const since = this.#changedAt.get(position) ?? Number.NEGATIVE_INFINITY
        return by === 'load' && members[0] === self && since <= then
      })
      .map(({ position }) => position)
  }

  /** Forgets when arcs were changed that have cooled down. */
  forget(before: number): void {
    for (const [position, at] of this.#changedAt) if (at < before) this.#changedAt.delete(position)
  }
}

/**
 * The change that says so, as far as there is room for it. Arcs of members that are gone for good are left out of what is
 * written anew. Undefined: there is nothing to say.
 */
export function givingChange(configuration: Configuration, arcs: Arcs): Change | undefined {
  const slots = new Map<string, Map<number, readonly string[] | null>>()
  for (const [position, members] of arcs) {
    const slot = arcSlot(position)
    slots.set(slot, (slots.get(slot) ?? new Map()).set(position, members))
  }
  const placements: Record<string, unknown> = {}
  for (const [slot, changed] of slots) {
    const said = arcsIn(configuration, slot)
    for (const [position, members] of changed) {
      if (members === null) delete said[position]
      else said[position] = members
    }
    const isFull = Object.keys(said).length > SLOT_ARCS_MAX || JSON.stringify(said).length > SLOT_BYTES_MAX
    if (!isFull) placements[slot] = Object.keys(said).length === 0 ? null : { arcs: said }
  }
  return Object.keys(placements).length === 0 ? undefined : { placements }
}

function arcsIn(configuration: Configuration, slot: string): Record<string, readonly string[]> {
  const register = configuration.register(`placements/${slot}`)
  const kept = register === undefined ? [] : setPositions({ registers: [register] })
  const living = kept.filter(({ members }) => members.some(id => lives(configuration, id)))
  return Object.fromEntries(living.map(({ position, members }) => [String(position), members]))
}

function lives(configuration: Configuration, id: string): boolean {
  const member = configuration.member(id)
  return member !== undefined && !isTombstone(member)
}
