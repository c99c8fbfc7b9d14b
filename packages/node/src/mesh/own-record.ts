// What this node says of itself in the configuration. Only it writes that, so here is where it is decided.

import type { Attributes } from '@cachemesh/core'
import { CacheMeshError, memberRecord } from '@cachemesh/protocol'
import type { OwnAttributes } from './change.ts'

export class OwnRecord {
  #attributes: Omit<Attributes, 'addresses'>
  /** They may change while it runs. */
  readonly #addresses: () => readonly string[]

  constructor(attributes: Omit<Attributes, 'addresses' | 'gateways'>, addresses: () => readonly string[]) {
    this.#attributes = { ...attributes, gateways: {} }
    this.#addresses = addresses
  }

  /** With these gateways over those there were. Throws ERR_INVALID_ARGUMENT, and changes nothing. */
  open(gateways: Readonly<Record<string, string | undefined>>): Attributes {
    const all = Object.entries({ ...this.#attributes.gateways, ...gateways })
    const open = all.filter((pair): pair is [string, string] => pair[1] !== undefined)
    return this.#become({ ...this.#attributes, gateways: Object.fromEntries(open) })
  }

  /** With another weight or zone. Throws ERR_INVALID_ARGUMENT; `undo` is for when others refuse it. */
  change(own: OwnAttributes): { attributes: Attributes; undo: () => void } {
    const before = this.#attributes
    const attributes = this.#become({ ...before, ...own })
    const undo = () => {
      this.#attributes = before
    }
    return { attributes, undo }
  }

  #become(wanted: Omit<Attributes, 'addresses'>): Attributes {
    const attributes = { ...wanted, addresses: this.#addresses() }
    try {
      memberRecord({ id: 'this', incarnation: 0, state: 'joining', since: 0, ...attributes })
    } catch (cause) {
      const message = (cause as Error).message.replace('A member', 'This node')
      throw new CacheMeshError('ERR_INVALID_ARGUMENT', message, { cause })
    }
    this.#attributes = wanted
    return attributes
  }
}
