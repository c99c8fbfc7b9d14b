import type { NodeState, PartitionStats } from '@cachemesh/core'
import { CacheMeshError, DEFAULT_NAMESPACE } from '@cachemesh/protocol'
import type { NodeEmitter, NodeEvents } from './events.ts'
import { Mesh } from './mesh/mesh.ts'
import { Namespace, type NamespaceOptions, type RouteView, type SetOptions } from './namespace.ts'
import type { Runtime, StorageState } from './runtime.ts'
import { type ConfigurationView, type RingView, viewRing } from './view.ts'

/** Whether a node should get traffic, and why not. */
export interface Readiness {
  readonly ready: boolean
  readonly state: NodeState
  /** Why it is not ready; '' when it is. */
  readonly reason: string
  /** Whether identity and configuration would survive a restart. */
  readonly storage: StorageState
}

export interface NodeStats {
  /** Entries that this node owns or stands in for. */
  readonly owned: PartitionStats
  /** Copies of entries that others own. */
  readonly copies: PartitionStats
  readonly reservedBytes: number
  /** Members it is connected to. */
  readonly links: number
}

/**
 * A node of a cache mesh in this process: it owns a share of the keys and answers for all of them. Made by
 * {@link createNode}. It never exits the process and writes to no output; after `close()` nothing of it is
 * left running.
 */
export class CacheMeshNode implements AsyncDisposable {
  readonly #runtime: Runtime
  readonly #events: NodeEmitter
  readonly #default: Namespace
  readonly #mesh: Mesh
  readonly #namespaces = new Map<string, Namespace<never>>()
  #closing: Promise<void> | undefined
  #leaving: Promise<void> | undefined

  /** @internal Use {@link createNode}. */
  constructor(runtime: Runtime, events: NodeEmitter) {
    this.#runtime = runtime
    this.#events = events
    this.#mesh = new Mesh(runtime, events)
    this.#default = new Namespace(runtime, DEFAULT_NAMESPACE)
  }

  /** Peer id: who this node is in the mesh. Stays the same over restarts with a data directory. */
  get id(): string {
    return this.#runtime.core.id
  }

  /** Multiaddrs at which other nodes reach it. */
  get addresses(): readonly string[] {
    return this.#runtime.transport.addresses
  }

  /** The configuration that this node holds now. */
  get configuration(): ConfigurationView {
    return this.#events.view(this.#runtime.core.configuration)
  }

  /** Operations on the configuration: change it, spread it, follow it, give the mesh up. */
  get mesh(): Mesh {
    return this.#mesh
  }

  /** Which part of the keys each member owns. */
  get ring(): RingView {
    return viewRing(this.#runtime.core.configuration, this.#runtime.core.placement.ring)
  }

  get readiness(): Readiness {
    const { core, storage } = this.#runtime
    const reason = this.#unready()
    return { ready: reason === '', state: core.state, reason, storage }
  }

  #unready(): string {
    const { core, duplicate } = this.#runtime
    const { state, joined, refused, seeds } = core
    if (this.#closing) return 'the node is closing'
    if (state === 'left') return 'the node has left the mesh'
    if (state === 'destroyed') return 'the mesh was destroyed'
    if (duplicate) return duplicate.message
    if (refused) return `every seed (${seeds}) refuses this node: check its mesh key`
    if (!joined) return `no seed (of ${seeds}) has answered yet; it keeps trying`
    return state === 'joining' ? 'it has not joined yet' : ''
  }

  /** What the caches hold, and how many members this node is connected to. */
  get stats(): NodeStats {
    const { owned, copies, reservedBytes } = this.#runtime.core.store.stats
    return { owned, copies, reservedBytes, links: this.#runtime.transport.links.size }
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

  /** The value of a key in the default namespace; see {@link Namespace.get}. */
  get(key: string): Promise<unknown> {
    return this.#default.get(key)
  }

  /** Stores a value in the default namespace; see {@link Namespace.set}. */
  set(key: string, value: unknown, options?: SetOptions): Promise<void> {
    return this.#default.set(key, value, options)
  }

  /** Removes a key of the default namespace; see {@link Namespace.delete}. */
  delete(key: string): Promise<boolean> {
    return this.#default.delete(key)
  }

  /** Who is responsible for a key of the default namespace. */
  route(key: string): RouteView {
    return this.#default.route(key)
  }

  /**
   * The keys of a namespace. Without options the one made before is given, or a plain one.
   *
   * @throws ERR_INVALID_NAMESPACE, ERR_INVALID_TTL, ERR_INVALID_ARGUMENT
   */
  namespace<T = unknown>(name: string, options?: NamespaceOptions<T>): Namespace<T> {
    const known = this.#namespaces.get(name) as Namespace<T> | undefined
    if (known !== undefined && options === undefined) return known
    if (options?.load !== undefined && typeof options.load !== 'function') {
      throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'load is a function from key to value')
    }
    const made = new Namespace<T>(this.#runtime, name, options)
    // Only options need to be remembered: where clients choose the names, these must not fill the memory.
    if (options !== undefined) this.#namespaces.set(name, made as unknown as Namespace<never>)
    return made
  }

  /**
   * Tells the mesh at which address a gateway of this node answers, e.g. `('http', 'http://10.0.0.5:8080')`, or
   * without an address that there is none any more.
   */
  announceGateway(protocol: string, address?: string): void {
    this.#runtime.present({ [protocol]: address })
  }

  /**
   * Leaves the mesh: the others take over its keys at once. Calls still work until `close()`, through the
   * others: when there are none, they fail with ERR_UNAVAILABLE.
   */
  leave(): Promise<void> {
    this.#leaving ??= this.#runtime.leave()
    return this.#leaving
  }

  /**
   * Stops everything; open calls fail with ERR_CLOSED. Without `leave()` before it the others see the node
   * vanish as in a crash. Nothing of it is left running but timers of libp2p, which end within a second.
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
