import type { Answer, Expected, Operation } from '@cachemesh/core'
import { CacheMeshError, type Version } from '@cachemesh/protocol'
import type { NodeEmitter } from '../events.ts'
import type { Runtime } from '../runtime.ts'
import type { ConfigurationView } from '../view.ts'
import { type MeshChange, type MeshConfiguration, type OwnAttributes, readChange } from './change.ts'
import { type SettingView, viewSettings } from './settings.ts'
import { watchConfiguration } from './watch.ts'

export interface ChangeOptions {
  /**
   * The version on which the change was decided: when the configuration says something else by now, nothing
   * is changed. Where there is a digest it decides; a serial alone is for people.
   */
  readonly expected?: Expected
}

/** What an operation did. */
export interface Changed {
  /** The version in which it took effect. */
  readonly version: Version
  /** False when the configuration said so already. */
  readonly changed: boolean
}

/** How far a version has been heard of. */
export interface Propagated {
  readonly version: Version
  /** Members to which this node was linked, and which it asked. */
  readonly peers: number
  /** Those of them that have confirmed that they hold it. */
  readonly confirmed: number
}

/** Operations on what all members of a mesh agree on. Made by a node; see {@link CacheMeshNode.mesh}. */
export class Mesh {
  readonly #runtime: Runtime
  readonly #events: NodeEmitter
  readonly #ended = new AbortController()

  /** @internal */
  constructor(runtime: Runtime, events: NodeEmitter) {
    this.#runtime = runtime
    this.#events = events
  }

  /** Its name. */
  get name(): string {
    return this.#runtime.core.configuration.meshId
  }

  /**
   * Changes a part of the configuration: what is named. It holds at this node when this resolves, and spreads
   * from it. When both sides of a cut change one value, one of the two changes holds after it; changes of
   * different values both hold.
   *
   * @throws ERR_VERSION_CONFLICT; ERR_MALFORMED_CONFIGURATION for a value out of bounds or when there is no room;
   *   ERR_INVALID_NAMESPACE, ERR_INVALID_ARGUMENT, ERR_MESH_DESTROYED, ERR_CLOSED. Nothing is changed then.
   *
   * @example
   * await node.mesh.update({ settings: { ttlMs: '5m' }, namespaces: { users: { ttlMs: '1h' } } })
   */
  async update(change: MeshChange, options: ChangeOptions = {}): Promise<Changed> {
    const { member, ...rest } = readObject(change, 'A change')
    return this.#change({ change: rest, member, ...readExpected(options) })
  }

  /** Makes the configuration say this and nothing else, besides its members. Otherwise like {@link update}. */
  async replace(configuration: MeshConfiguration, options: ChangeOptions = {}): Promise<Changed> {
    const change = readObject(configuration, 'A configuration')
    return this.#change({ change, whole: true, ...readExpected(options) })
  }

  /**
   * Gives the mesh up, for all its members and for ever: each drops its entries and its configuration, is a
   * member no more, and remembers only that. Whoever was cut off learns of it from any of them. Resolves when all
   * linked members have confirmed, or some seconds have passed.
   *
   * @param name of the mesh: that it is this one that is meant
   * @throws ERR_INVALID_ARGUMENT for another name, ERR_VERSION_CONFLICT, ERR_MESH_DESTROYED, ERR_CLOSED
   */
  async destroy(name: string, options: ChangeOptions = {}): Promise<Propagated> {
    if (name !== this.name) {
      throw new CacheMeshError(
        'ERR_INVALID_ARGUMENT',
        `This mesh is ${JSON.stringify(this.name)}, not ${JSON.stringify(name)}: nothing was destroyed`,
      )
    }
    const { version } = await this.#done({ kind: 'destroy', ...readExpected(options) })
    return { ...(await this.propagate()), version }
  }

  /**
   * Tells all members to which this node is linked what it holds, at once, and takes what they hold. Resolves when
   * they have confirmed, or some seconds have passed.
   *
   * @throws ERR_CLOSED
   */
  async propagate(): Promise<Propagated> {
    const answer = await this.#runtime.operate({ kind: 'propagate' })
    if (answer.kind !== 'propagated') throw refusal(answer)
    const { version, peers, confirmed } = answer
    return { version, peers, confirmed }
  }

  /**
   * The settings as they hold at this node: an option of the node over the configuration for a namespace over
   * that for the mesh over the default. Options of a call or of `namespace()` are above all of them.
   */
  settings(namespace?: string): readonly SettingView[] {
    const { core, ownTimeoutMs } = this.#runtime
    return viewSettings(core.settings, { timeoutMs: ownTimeoutMs }, namespace)
  }

  /**
   * The configuration that this node holds, and each that follows, until `signal` or the end of the node. Who is
   * slow gets the newest and misses what was between.
   *
   * @example
   * for await (const { version, settings } of node.mesh.watch()) console.log(version.serial, settings)
   */
  watch({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<ConfigurationView> {
    const current = () => this.#events.view(this.#runtime.core.configuration)
    const ends = [this.#ended.signal, ...(signal ? [signal] : [])]
    return watchConfiguration({ events: this.#events, current, ends })
  }

  /** @internal Ends all watches. */
  close(): void {
    this.#ended.abort()
  }

  #change(wanted: {
    readonly change: MeshConfiguration
    readonly member?: OwnAttributes | undefined
    readonly whole?: boolean
    readonly expected?: Expected
  }): Promise<Changed> {
    const { change, member, ...rest } = wanted
    return this.#done({ kind: 'update', change: readChange(change), ...rest }, member)
  }

  async #done(operation: Operation, member?: OwnAttributes): Promise<Changed> {
    const answer = await this.#runtime.operate(operation, member)
    if (answer.kind !== 'done') throw refusal(answer)
    return { version: answer.version, changed: answer.changed }
  }
}

function refusal(answer: Answer): CacheMeshError {
  if (answer.kind === 'refused') return answer.error
  return new CacheMeshError('ERR_INTERNAL', `An operation was answered as ${answer.kind}`)
}

function readExpected(options: ChangeOptions): { expected?: Expected } {
  const { expected } = readObject(options, 'Options')
  if (expected === undefined) return {}
  const { serial, digest } = readObject(expected, 'The expected version')
  const valid =
    (serial === undefined || Number.isSafeInteger(serial)) &&
    (digest === undefined || typeof digest === 'string')
  if (!valid || (serial === undefined && digest === undefined)) {
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'The expected version has a serial, a digest, or both')
  }
  return { expected: { ...(serial !== undefined && { serial }), ...(digest !== undefined && { digest }) } }
}

function readObject<T extends object>(value: T, what: string): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `${what} is an object, not ${JSON.stringify(value)}`)
}
