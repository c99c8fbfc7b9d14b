// What this node says of itself in the configuration. Only it writes that, so here is where it is decided.

import type { Attributes } from '@cachemesh/core'
import { CacheMeshError, memberRecord } from '@cachemesh/protocol'
import type { OwnAttributes } from './change.ts'

/** Where a gateway answers, also as seen from the addresses of its node; undefined: nowhere that others could reach. */
export type GatewayAddress = string | ((nodeAddresses: readonly string[]) => string | undefined) | undefined
/** By protocol. */
export type Gateways = Readonly<Record<string, GatewayAddress>>

type Said = Omit<Attributes, 'addresses' | 'gateways'> & { readonly gateways: Gateways }

export class OwnRecord {
  #said: Said
  /** They may change while it runs. */
  readonly #addresses: () => readonly string[]

  constructor(attributes: Omit<Attributes, 'addresses' | 'gateways'>, addresses: () => readonly string[]) {
    this.#said = { ...attributes, gateways: {} }
    this.#addresses = addresses
  }

  /** With these gateways over those there were. Throws ERR_INVALID_ARGUMENT, and changes nothing. */
  open(gateways: Gateways): Attributes {
    return this.#become({ ...this.#said, gateways: { ...this.#said.gateways, ...gateways } })
  }

  /** With another weight or zone. Throws ERR_INVALID_ARGUMENT; `undo` is for when others refuse it. */
  change(own: OwnAttributes): { attributes: Attributes; undo: () => void } {
    const before = this.#said
    const attributes = this.#become({ ...before, ...own })
    const undo = () => {
      this.#said = before
    }
    return { attributes, undo }
  }

  #become(wanted: Said): Attributes {
    const addresses = this.#addresses()
    const attributes = { ...wanted, addresses, gateways: reached(wanted.gateways, addresses) }
    try {
      memberRecord({ id: 'this', incarnation: 0, state: 'joining', since: 0, ...attributes })
    } catch (cause) {
      const message = (cause as Error).message.replace('A member', 'This node')
      throw new CacheMeshError('ERR_INVALID_ARGUMENT', message, { cause })
    }
    this.#said = wanted
    return attributes
  }
}

function reached(gateways: Gateways, addresses: readonly string[]): Attributes['gateways'] {
  const all = Object.entries(gateways).map(
    ([protocol, address]) =>
      [protocol, typeof address === 'function' ? address(addresses) : address] as const,
  )
  return Object.fromEntries(all.filter((pair): pair is [string, string] => pair[1] !== undefined))
}
