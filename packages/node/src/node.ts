import type { FlightStats, PartitionStats, ReadStats, ReplicationState } from '@cachemesh/core'
import { DEFAULT_NAMESPACE } from '@cachemesh/protocol'
import { type LoadView, viewLoad } from './load-view.ts'
import type { GetOptions } from './loading/get-options.ts'
import { Membership } from './membership.ts'
import type { Changed, ChangeOptions } from './mesh/mesh.ts'
import { Namespace, type NamespaceOptions, type RouteView } from './namespace.ts'
import { type PlacedPart, type PlacementView, placing, removal, viewPlacements } from './placements.ts'
import type { Runtime } from './runtime.ts'
import type { Started } from './start.ts'
import { type RingView, viewRing } from './view.ts'
import type { SetOptions } from './writing/set-options.ts'

export interface NodeStats {
  /** Entries that this node owns or stands in for. */
  readonly owned: PartitionStats
  /** Copies of entries that others own. */
  readonly copies: PartitionStats
  readonly reservedBytes: number
  /** Loads of keys that this node answers for. */
  readonly loads: FlightStats
  /** What it has still to get of what it should hold, and whether everybody has everything. */
  readonly replication: ReplicationState
  /** Reads of its own program that others than the owners of their keys were asked for, in this life. */
  readonly reads: ReadStats
  /** Whether it has more to do than it gets done, and how many requests of others it has refused for that, in this life. */
  readonly overload: { readonly refuses: boolean; readonly refused: number }
  /** Members it is connected to. */
  readonly links: number
}

/**
 * A node of a cache mesh in this process: a member of the mesh that owns a share of the keys and answers for all of
 * them. Made by {@link createNode}. Once it has left, calls still work until `close()`, through the others: when there
 * are none, they fail with ERR_UNAVAILABLE. Calls that are open when it closes fail with ERR_CLOSED.
 */
export class CacheMeshNode extends Membership {
  readonly #runtime: Runtime
  readonly #default: Namespace
  readonly #namespaces = new Map<string, Namespace<never>>()

  /** @internal Use {@link createNode}. */
  constructor(started: Started) {
    super(started)
    this.#runtime = started.runtime
    this.#default = new Namespace(started.runtime, DEFAULT_NAMESPACE)
  }

  /** Which part of the keys each member owns. */
  get ring(): RingView {
    return viewRing(this.#runtime.core.configuration, this.#runtime.core.placement.ring)
  }

  /** What the caches hold, and how many members this node is connected to. */
  get stats(): NodeStats {
    const { owned, copies, reservedBytes } = this.#runtime.core.store.stats
    const { flights, replication } = this.#runtime.core
    const { links } = this.#runtime.transport
    const [loads, { state }] = [flights.stats, replication]
    const { reads, overload } = this.#runtime.requests
    return { owned, copies, reservedBytes, loads, replication: state, reads, overload, links: links.size }
  }

  /** Parts of the ring that are set: by hand, and by nodes that had too much to do. */
  get placements(): readonly PlacementView[] {
    return viewPlacements(this.#runtime.core)
  }

  /**
   * Gives a part of the ring to members of the caller's choice: the first owns it from now on, and several share it. Their
   * entries follow. It stays so until `unplace`, whoever comes or goes; when none of them is there any more, the part falls to
   * the next member on the ring.
   *
   * @throws ERR_INVALID_ARGUMENT for a position or member that there is not, ERR_INVALID_KEY, ERR_INVALID_NAMESPACE, and what
   *   {@link Mesh.update} throws
   *
   * @example
   * await node.place({ key: 'front page', alone: true }, [spare])
   */
  async place(part: PlacedPart, members: readonly string[], options: ChangeOptions = {}): Promise<Changed> {
    return this.mesh.update(placing(this.#runtime.core, part, members), options)
  }

  /**
   * Removes a position that was set, by whomever: its part of the ring falls to the next member.
   *
   * @throws ERR_INVALID_ARGUMENT when none is set there, and what {@link Mesh.update} throws
   */
  async unplace(position: number, options: ChangeOptions = {}): Promise<Changed> {
    return this.mesh.update(removal(this.#runtime.core, position), options)
  }

  /** What this node is asked for: how often, for which keys most, in which parts of the ring. */
  get load(): LoadView {
    return viewLoad(this.#runtime.core)
  }

  /** The value of a key in the default namespace; see {@link Namespace.get}. */
  get(key: string, options?: GetOptions): Promise<unknown> {
    return this.#default.get(key, options)
  }

  /** The value of a key in the default namespace, out of this process's memory; see {@link Namespace.peek}. */
  peek(key: string): unknown {
    return this.#default.peek(key)
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
    const made = new Namespace<T>(this.#runtime, name, options)
    // Only options need to be remembered: where clients choose the names, these must not fill the memory.
    if (options !== undefined) this.#namespaces.set(name, made as unknown as Namespace<never>)
    return made
  }
}
