// Who waits for a newer configuration. One listener at the node serves them all.

import { CacheMeshError } from '@cachemesh/protocol'
import type { CacheMeshNode, ConfigurationView } from 'cachemesh'

/** Each waiting request holds a connection of the operating system. */
const WAITING_MAX = 10_000

interface Waiting {
  readonly after: number
  settle(view: ConfigurationView | undefined): void
  fail(error: CacheMeshError): void
}

export interface Patience {
  readonly waitMs: number
  /** Called with what ends the waiting early, without an answer. */
  readonly gone: (end: () => void) => void
}

export class ConfigurationWatch {
  readonly #node: CacheMeshNode
  readonly #waiting = new Set<Waiting>()
  #closed = false

  constructor(node: CacheMeshNode) {
    this.#node = node
    node.on('configuration', this.#changed)
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** The configuration once its serial is above `after`; undefined when that did not happen in time. */
  newer(after: number, { waitMs, gone }: Patience): Promise<ConfigurationView | undefined> {
    const now = this.#node.configuration
    if (now.version.serial > after) return Promise.resolve(now)
    if (waitMs === 0) return Promise.resolve(undefined)
    if (this.#closed) return Promise.reject(closed())
    if (this.#waiting.size >= WAITING_MAX) {
      return Promise.reject(
        new CacheMeshError('ERR_OVERLOADED', 'Too many wait for the configuration already; try again'),
      )
    }
    return new Promise((resolve, reject) => {
      const end = (settled: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(waiting)
        settled()
      }
      const waiting: Waiting = {
        after,
        settle: view => end(() => resolve(view)),
        fail: error => end(() => reject(error)),
      }
      const timer = setTimeout(waiting.settle, waitMs, undefined)
      this.#waiting.add(waiting)
      gone(() => waiting.settle(undefined))
    })
  }

  /** Fails all who wait with ERR_CLOSED. */
  close(): void {
    this.#closed = true
    this.#node.off('configuration', this.#changed)
    for (const waiting of [...this.#waiting]) waiting.fail(closed())
  }

  readonly #changed = (view: ConfigurationView): void => {
    for (const waiting of [...this.#waiting]) {
      if (view.version.serial > waiting.after) waiting.settle(view)
    }
  }
}

function closed(): CacheMeshError {
  return new CacheMeshError('ERR_CLOSED', 'The HTTP gateway of this node is closing; ask another node')
}
