import type { NodeState, Suspicion } from '@cachemesh/core'
import { CacheMeshError, type Configuration } from '@cachemesh/protocol'
import { type ConfigurationView, viewConfiguration } from './view.ts'

/** What a node tells its program, with the arguments of the listener. */
export interface NodeEvents {
  /** The configuration changed: somebody joined, left, or wrote to it. */
  configuration: [configuration: ConfigurationView]
  /** `joining`, `active`, `alone` (no seed or member answers; it serves and keeps trying) `left`, or `destroyed` with its mesh. */
  state: [state: NodeState]
  /** Peers confirmed the configuration that this node holds. */
  agreed: []
  /** A connection to another member came up or went down. */
  link: [peer: string, up: boolean]
  /**
   * What this node thinks of a member that it watches: `checking` (it does not answer), `accused` (nobody reaches it),
   * `cleared`, or `removed` (this node has taken it out of the configuration).
   */
  suspicion: [member: string, state: Suspicion['state']]
  /** Something went wrong that no call could report: a stranger was refused, the disk is full. */
  warning: [error: CacheMeshError]
}

type Listener<E extends keyof NodeEvents> = (...args: NodeEvents[E]) => void

/**
 * Keeps listeners apart from the loop that tells them and from each other: one that throws ends as an uncaught
 * exception, as it would in an EventEmitter, but only after all others were told.
 */
export class NodeEmitter {
  readonly #listeners = new Map<keyof NodeEvents, Listener<never>[]>()
  #view: { readonly of: Configuration; readonly view: ConfigurationView } | undefined

  on<E extends keyof NodeEvents>(event: E, listener: Listener<E>): void {
    if (typeof listener !== 'function') {
      throw new CacheMeshError('ERR_INVALID_ARGUMENT', `A listener for ${event} is a function`)
    }
    this.#listeners.set(event, [...this.#of(event), listener])
  }

  off<E extends keyof NodeEvents>(event: E, listener: Listener<E>): void {
    const listeners = this.#of(event)
    const last = listeners.lastIndexOf(listener)
    this.#listeners.set(
      event,
      listeners.filter((_, index) => index !== last),
    )
  }

  tell<E extends keyof NodeEvents>(event: E, ...args: NodeEvents[E]): void {
    for (const listener of this.#of(event)) {
      try {
        listener(...args)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  tellConfiguration(configuration: Configuration): void {
    if (this.#of('configuration').length > 0) this.tell('configuration', this.view(configuration))
  }

  /** The view of a configuration, made once for each. */
  view(configuration: Configuration): ConfigurationView {
    if (this.#view?.of !== configuration)
      this.#view = { of: configuration, view: viewConfiguration(configuration) }
    return this.#view.view
  }

  #of<E extends keyof NodeEvents>(event: E): readonly Listener<E>[] {
    return (this.#listeners.get(event) ?? []) as Listener<E>[]
  }
}
