import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'

/**
 * How often others had changed what each host holds when a call was asked: what it was told may have been true in the
 * memory before, or in the one after. Not only transfers: who doubts what it holds looks at others, one key after the
 * other, and who writes in the place of an owner may write into its memory too.
 */
export class Transfers {
  readonly #hosts: readonly Host[]
  readonly #at = new Map<number, ReadonlyMap<Host, number>>()

  constructor(hosts: readonly Host[]) {
    this.#hosts = hosts
  }

  asked({ id }: Operation): void {
    const living = this.#hosts.filter(({ state }) => state !== 'down')
    this.#at.set(id, new Map(living.map(host => [host, changesBrought(host)])))
  }

  /** Of a host, when this call was asked. */
  before({ id }: Operation, host: Host): number {
    return this.#at.get(id)?.get(host) ?? 0
  }

  settled({ id }: Operation): void {
    this.#at.delete(id)
  }
}

export function changesBrought({ core }: Host): number {
  return core.replication.changesByOthers
}
