import { EventEmitter } from 'node:events'
import type { NodeState, PartitionStats } from '@cachemesh/core'
import { CacheMeshError, type Configuration, DEFAULT_NAMESPACE } from '@cachemesh/protocol'
import { ConfigurationFile, openDataDir } from './data-dir.ts'
import { Namespace, type NamespaceOptions, type RouteView, type SetOptions } from './namespace.ts'
import { type NodeOptions, readOptions, type Settings } from './options.ts'
import { Runtime } from './runtime.ts'
import { SOFTWARE } from './software.ts'
import { type ConfigurationView, type RingView, viewConfiguration, viewRing } from './view.ts'

export interface NodeEvents {
  /** The configuration changed: somebody joined, left, or wrote to it. */
  configuration: [configuration: ConfigurationView]
  /** `joining`, `active`, `alone` (no seed or member answers; it serves and keeps trying) or `left`. */
  state: [state: NodeState]
  /** A connection to another member came up or went down. */
  link: [peer: string, up: boolean]
  /** Something went wrong that no call could report: a stranger was refused, the disk is full. */
  warning: [error: CacheMeshError]
}

/** Whether a node should get traffic, and why not. */
export interface Readiness {
  readonly ready: boolean
  readonly state: NodeState
  /** Why it is not ready; '' when it is. */
  readonly reason: string
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
export class CacheMeshNode extends EventEmitter<NodeEvents> {
  readonly #runtime: Runtime
  readonly #settings: Settings
  readonly #default: Namespace
  readonly #namespaces = new Map<string, Namespace<never>>()
  #gateways: Readonly<Record<string, string>> = {}
  #view: { of: Configuration; view: ConfigurationView } | undefined
  #closing: Promise<void> | undefined
  #leaving: Promise<void> | undefined

  /** @internal Use {@link createNode}. */
  constructor(runtime: Runtime, settings: Settings) {
    super()
    this.#runtime = runtime
    this.#settings = settings
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
    const { configuration } = this.#runtime.core
    if (this.#view?.of !== configuration) {
      this.#view = { of: configuration, view: viewConfiguration(configuration) }
    }
    return this.#view.view
  }

  /** Which part of the keys each member owns. */
  get ring(): RingView {
    return viewRing(this.#runtime.core.configuration, this.#runtime.core.placement.ring)
  }

  get readiness(): Readiness {
    const { state, joined, refused } = this.#runtime.core
    if (this.#closing) return { ready: false, state, reason: 'the node is closing' }
    if (state === 'left') return { ready: false, state, reason: 'the node has left the mesh' }
    const seeds = this.#settings.seeds.length
    if (refused)
      return { ready: false, state, reason: `all ${seeds} seeds refuse this node: check its mesh key` }
    if (!joined)
      return { ready: false, state, reason: `none of its ${seeds} seeds has answered yet; it keeps trying` }
    return { ready: state !== 'joining', state, reason: state === 'joining' ? 'it has not joined yet' : '' }
  }

  /** What the caches hold, and how many members this node is connected to. */
  get stats(): NodeStats {
    const { owned, copies, reservedBytes } = this.#runtime.core.store.stats
    return { owned, copies, reservedBytes, links: this.#runtime.transport.links.size }
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
    this.#namespaces.set(name, made as unknown as Namespace<never>)
    return made
  }

  /** Tells the mesh at which address a gateway of this node answers, e.g. `('http', 'http://10.0.0.5:8080')`. */
  announceGateway(protocol: string, address: string): void {
    this.#gateways = { ...this.#gateways, [protocol]: address }
    this.#present()
  }

  /** Leaves the mesh: the others take over its keys at once. Calls still work until `close()`. */
  leave(): Promise<void> {
    this.#leaving ??= this.#runtime.leave()
    return this.#leaving
  }

  /**
   * Stops everything; open calls fail with ERR_CLOSED. Without `leave()` before it the others see the node
   * vanish as in a crash.
   */
  close(): Promise<void> {
    this.#closing ??= this.#runtime.close()
    return this.#closing
  }

  /** Leaves and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave()
    await this.close()
  }

  /** @internal Says who this node is; the first time it begins to look for its mesh. */
  #present(): void {
    const { weight, zone } = this.#settings
    const attributes = {
      addresses: this.addresses,
      gateways: this.#gateways,
      weight,
      zone,
      software: SOFTWARE,
    }
    this.#runtime.feed({ kind: 'attributes', attributes })
  }

  /**
   * Starts a node: it listens, finds its mesh through the seeds, and joins. Resolves when it serves: joined, or
   * alone after no seed answered for 5 s (it keeps trying).
   *
   * @throws ERR_INVALID_ARGUMENT, ERR_MESH_KEY, ERR_INVALID_ADDRESS, ERR_ADDRESS_IN_USE, ERR_PROTECTED_MODE,
   *   ERR_IDENTITY, ERR_CORRUPT_STATE, ERR_WRONG_MESH, and ERR_ADMISSION_REFUSED when every seed refuses it
   */
  static async start(options: NodeOptions = {}): Promise<CacheMeshNode> {
    const settings = await readOptions(options)
    const remembered = await openDataDir(settings.dataDir, settings.meshId)
    let node: CacheMeshNode | undefined
    const warning = (error: CacheMeshError) => node?.emit('warning', error)
    const file =
      settings.dataDir === undefined
        ? undefined
        : new ConfigurationFile(settings.dataDir, cause => warning(notSaved(settings.dataDir, cause)))
    const runtime = await Runtime.open({
      settings,
      remembered,
      software: SOFTWARE,
      file,
      events: {
        configuration: () => node?.emit('configuration', node.configuration),
        state: state => node?.emit('state', state),
        link: (peer, up) => node?.emit('link', peer, up),
        warning,
      },
    })
    node = new CacheMeshNode(runtime, settings)
    node.#present()
    await node.#serving()
    return node
  }

  async #serving(): Promise<void> {
    let refusal: CacheMeshError | undefined
    const { core } = this.#runtime
    const check = (settle: (done: boolean) => void) => {
      if (core.state !== 'joining') settle(true)
      else if (core.refused) settle(false)
    }
    const served = await new Promise<boolean>(resolve => {
      const onWarning = (error: CacheMeshError) => {
        refusal = error
        check(resolve)
      }
      this.on('warning', onWarning)
      this.once('state', () => check(resolve))
      check(resolve)
    })
    this.removeAllListeners('warning')
    if (served) return
    await this.close()
    throw (
      refusal ??
      new CacheMeshError('ERR_ADMISSION_REFUSED', 'Every seed refused this node: check its mesh key')
    )
  }
}

/**
 * Starts a node of a cache mesh in this process; see {@link CacheMeshNode.start}.
 *
 * @example
 * const node = await createNode({ seeds: ['10.0.0.5:7400'], listen: '0.0.0.0:7400', keyFile: '/etc/mesh.key' })
 * await node.set('greeting', { hello: 'world' }, { ttl: '5m' })
 */
export function createNode(options?: NodeOptions): Promise<CacheMeshNode> {
  return CacheMeshNode.start(options)
}

function notSaved(dataDir: string | undefined, cause: unknown): CacheMeshError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
  return new CacheMeshError(
    'ERR_CORRUPT_STATE',
    `The configuration could not be saved in ${dataDir} (${reason})`,
    { cause },
  )
}
