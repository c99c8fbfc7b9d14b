import { EventEmitter } from 'node:events'
import type { NodeState } from '@cachemesh/core'
import type { CacheMeshError, Configuration } from '@cachemesh/protocol'
import { type ConfigurationView, viewConfiguration } from './view.ts'

/** What a node tells its program, with the arguments of the listener. */
export interface NodeEvents {
  /** The configuration changed: somebody joined, left, or wrote to it. */
  configuration: [configuration: ConfigurationView]
  /** `joining`, `active`, `alone` (no seed or member answers; it serves and keeps trying) or `left`. */
  state: [state: NodeState]
  /** Peers confirmed the configuration that this node holds. */
  agreed: []
  /** A connection to another member came up or went down. */
  link: [peer: string, up: boolean]
  /** Something went wrong that no call could report: a stranger was refused, the disk is full. */
  warning: [error: CacheMeshError]
}

/** Keeps a listener that throws from breaking the loop that tells it: it ends as an uncaught exception. */
export class NodeEmitter {
  readonly #emitter = new EventEmitter<NodeEvents>()
  #view: { readonly of: Configuration; readonly view: ConfigurationView } | undefined

  on<E extends keyof NodeEvents>(event: E, listener: (...args: NodeEvents[E]) => void): void {
    this.#emitter.on(event, listener as never)
  }

  off<E extends keyof NodeEvents>(event: E, listener: (...args: NodeEvents[E]) => void): void {
    this.#emitter.off(event, listener as never)
  }

  tell<E extends keyof NodeEvents>(event: E, ...args: NodeEvents[E]): void {
    try {
      this.#emitter.emit(event, ...(args as never))
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }

  tellConfiguration(configuration: Configuration): void {
    if (this.#emitter.listenerCount('configuration') > 0) this.tell('configuration', this.view(configuration))
  }

  /** The view of a configuration, made once for each. */
  view(configuration: Configuration): ConfigurationView {
    if (this.#view?.of !== configuration)
      this.#view = { of: configuration, view: viewConfiguration(configuration) }
    return this.#view.view
  }
}
