import type { Configuration } from '@cachemesh/protocol'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import type { Contact } from './contacts.ts'

/**
 * Members that were removed. They may be dead, or on the other side of a cut that lasts longer than anybody's
 * patience; their side has removed this node as well, and so nobody would ever dial anybody again. So the addresses
 * are kept, without an end, and one of them is tried every two seconds.
 */
export class Absent {
  readonly #contacts = new Map<string, Contact>()
  readonly #linked: ReadonlySet<string>
  /** Who lives in the configuration, to find their addresses when they are removed. */
  #living = new Map<string, Contact>()
  #dialAt: number
  #changed = false

  constructor(remembered: readonly Contact[], linked: ReadonlySet<string>, now: number) {
    this.#linked = linked
    this.#dialAt = now
    for (const contact of remembered) this.#contacts.set(contact.name, contact)
  }

  get contacts(): readonly Contact[] {
    return [...this.#contacts.values()]
  }

  /** True once after each change: the list is to be written down. */
  takeChange(): boolean {
    const changed = this.#changed
    this.#changed = false
    return changed
  }

  get wakeAt(): number {
    return this.#contacts.size === 0 ? Number.POSITIVE_INFINITY : this.#dialAt
  }

  /** Follows the configuration: whoever was removed from it is sought, whoever lives in it is not. */
  update(configuration: Configuration, self: string): void {
    const living = new Map<string, Contact>()
    for (const { id, state, addresses } of configuration.members) {
      if (id === self) continue
      if (state === 'joining' || state === 'active') {
        living.set(id, { name: id, addresses, peer: id })
        this.#drop(id)
      } else if (state === 'left') this.#drop(id)
    }
    for (const [id, contact] of this.#living) {
      // A tombstone may be dropped before this node ever saw it: then the member is just not there any more.
      if (!living.has(id) && configuration.member(id)?.state !== 'left') this.#keep(contact)
    }
    this.#living = living
  }

  /** The next one to dial, if it is time. */
  due(now: number): Contact | undefined {
    if (now < this.wakeAt) return undefined
    this.#dialAt = now + TIMES.absentDialMs
    for (const [name, contact] of [...this.#contacts]) {
      // To the end of the line.
      this.#contacts.delete(name)
      this.#contacts.set(name, contact)
      if (!this.#linked.has(name)) return contact
    }
    return undefined
  }

  #keep(contact: Contact): void {
    if (contact.addresses.length === 0) return
    this.#contacts.set(contact.name, contact)
    this.#changed = true
    for (const name of this.#contacts.keys()) {
      if (this.#contacts.size <= BOUNDS.absentMax) break
      this.#contacts.delete(name)
    }
  }

  #drop(name: string): void {
    if (this.#contacts.delete(name)) this.#changed = true
  }
}
