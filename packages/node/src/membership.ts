import type { NodeState } from '@cachemesh/core'
import type { Member } from '@cachemesh/protocol'
import type { StorageState } from './data-dir/storage-state.ts'
import type { NodeEmitter, NodeEvents } from './events.ts'
import { Mesh } from './mesh/mesh.ts'
import type { GatewayAddress } from './mesh/own-record.ts'
import type { Runtime } from './runtime.ts'
import type { Started } from './start.ts'
import { type ConfigurationView, livingMembers } from './view.ts'

/** Whether a node should get traffic, and why not. */
export interface Readiness {
  readonly ready: boolean
  readonly state: NodeState
  /** Why it is not ready; '' when it is. */
  readonly reason: string
  /**
   * `cold`: entries that it should hold may still be at other members only. It serves all the same, and asks those before it
   * says that there is nothing.
   */
  readonly entries: 'warm' | 'cold'
  /** Whether identity and configuration would survive a restart. */
  readonly storage: StorageState
}

/**
 * A member of a mesh in this process: who else is there, and one configuration that all agree on, with no cache. For
 * services of any kind that have to know each other. Made by {@link createMembership}; a {@link CacheMeshNode} is one
 * too. It never exits the process and writes to no output; after `close()` nothing of it is left running.
 */
export class Membership implements AsyncDisposable {
  readonly #runtime: Runtime
  readonly #events: NodeEmitter
  readonly #mesh: Mesh
  #closing: Promise<void> | undefined
  #leaving: Promise<void> | undefined

  /** @internal Use {@link createMembership}. */
  constructor({ runtime, events }: Started) {
    this.#runtime = runtime
    this.#events = events
    this.#mesh = new Mesh(runtime, events)
  }

  /** Peer id: who this member is in the mesh. Stays the same over restarts with a data directory or a storage. */
  get id(): string {
    return this.#runtime.core.id
  }

  /** Multiaddrs at which other members reach it. */
  get addresses(): readonly string[] {
    return this.#runtime.transport.addresses
  }

  /** Those who are in the mesh, this one included, sorted by id. */
  get members(): readonly Member[] {
    return livingMembers(this.#runtime.core.configuration)
  }

  /** The configuration that this member holds now. */
  get configuration(): ConfigurationView {
    return this.#events.view(this.#runtime.core.configuration)
  }

  /** Operations on the configuration: change it, spread it, follow it, give the mesh up. */
  get mesh(): Mesh {
    return this.#mesh
  }

  get readiness(): Readiness {
    const { core, storage } = this.#runtime
    const reason = this.#unready()
    const entries = core.replication.cold ? 'cold' : 'warm'
    return { ready: reason === '', state: core.state, reason, entries, storage }
  }

  #unready(): string {
    const { core, duplicate } = this.#runtime
    const { state, joined, refused, seeds } = core
    if (this.#closing) return 'the node is closing'
    if (duplicate) return duplicate.message
    if (state === 'left') return 'the node has left the mesh'
    if (state === 'destroyed') return 'the mesh was destroyed'
    if (refused) return `every seed (${seeds}) refuses this node: check its mesh key`
    if (!joined) return `no seed (of ${seeds}) has answered yet; it keeps trying`
    return state === 'joining' ? 'it has not joined yet' : ''
  }

  /** Calls `listener` at each such event, until `off`. */
  on<E extends keyof NodeEvents>(event: E, listener: (...args: NodeEvents[E]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  off<E extends keyof NodeEvents>(event: E, listener: (...args: NodeEvents[E]) => void): this {
    this.#events.off(event, listener)
    return this
  }

  /**
   * Tells the mesh at which address a gateway of this node answers, e.g. `('http', 'http://10.0.0.5:8080')`, or
   * without an address that there is none any more. A function is given the addresses of the node, which are known when it
   * listens.
   *
   * @throws ERR_INVALID_ARGUMENT
   */
  announceGateway(protocol: string, address?: GatewayAddress): void {
    this.#runtime.announce({ [protocol]: address })
  }

  /**
   * Leaves the mesh: the others go on without this member at once. Resolves when they have the entries that it held, or
   * after 10 s.
   */
  leave(): Promise<void> {
    this.#leaving ??= this.#runtime.leave()
    return this.#leaving
  }

  /**
   * Stops everything. Without `leave()` before it the others see the member vanish as in a crash. Nothing of it is
   * left running but timers of libp2p, which end within a second.
   */
  close(): Promise<void> {
    this.#mesh.close()
    this.#closing ??= this.#runtime.close()
    return this.#closing
  }

  /** Leaves and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave()
    await this.close()
  }
}
