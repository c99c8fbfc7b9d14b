// Media types by number, the usual ones: those that come first. Names come from anybody and are never forgotten, so
// only so many get one, and only short ones; every other stands in its entry.

import { utf8Length } from '@cachemesh/protocol'

const NUMBERED_MAX = 128
const LENGTH_MAX = 64
/** The number of those that stand in their entry. */
const WRITTEN_OUT = 255

export class MediaTypes {
  readonly #names = ['']
  readonly #numbers = new Map([['', 0]])

  numberOf(name: string): number {
    if (name === '') return 0
    const number = this.#numbers.get(name)
    if (number !== undefined) return number
    if (this.#names.length === NUMBERED_MAX || name.length > LENGTH_MAX) return WRITTEN_OUT
    this.#numbers.set(name, this.#names.length)
    return this.#names.push(name) - 1
  }

  named(number: number): string {
    return this.#names[number]!
  }

  /** What it takes in an entry. */
  bytesOf(name: string): number {
    return this.numberOf(name) === WRITTEN_OUT ? utf8Length(name) : 0
  }
}
