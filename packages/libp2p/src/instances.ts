// Two running processes with one identity, the data directory copied to a second host say, would take each other's
// place in the mesh for ever: each is what the others know as one member. So every process has a random number
// besides its peer id, its instance, which admission carries; and a node that is connected to one instance of a
// peer lets no other in as long as the first one answers. A process that was restarted is another instance too,
// and finds its predecessor's connections closed, or dead.

import { randomBytes } from 'node:crypto'
import type { CacheMeshError } from '@cachemesh/protocol'
import { INSTANCE_BYTES } from './proof.ts'

/** An admitted connection is open a moment later, ms; without it, its instance is taken for connected. */
const OPENING_MS = 1_000
/** A node that the mesh knows by another process asks no more often than this whether that one is gone, ms. */
const ASK_MS = 5_000

/** The connections of this node, as far as they matter here. */
export interface Connections {
  /** True when the peer answers on one of its connections now; false when it has none. */
  answers(peer: string): Promise<boolean>
  /** Ends all connections to the peer. */
  drop(peer: string): void
}

interface Known {
  readonly instance: string
  /** Connections that were admitted and are not open yet, and when the last one was. */
  opening: number
  admittedAt: number
  /** Called when none of them is opening any more. */
  readonly waiting: (() => void)[]
}

export class Instances {
  /** Of this process. */
  readonly own: Uint8Array = randomBytes(INSTANCE_BYTES)
  readonly #known = new Map<string, Known>()
  readonly #connections: Connections
  /** Why this process was refused as a second one, and when it may ask again. */
  #refusal: { readonly reason: CacheMeshError; askAt: number } | undefined

  constructor(connections: Connections) {
    this.#connections = connections
  }

  /** Whether this instance of a peer may come in. What is connected of an earlier one, and dead, is ended first. */
  async admits(peer: string, instance: Uint8Array): Promise<boolean> {
    const wanted = Buffer.from(instance).toString('hex')
    for (;;) {
      const known = this.#known.get(peer)
      if (known === undefined || known.instance === wanted) break
      // Nobody can be asked over a connection that is not open yet; its process may have been killed meanwhile, and this be the next.
      if (isOpening(known)) {
        await untilOpen(known)
        continue
      }
      if (await this.#connections.answers(peer)) return false
      // Meanwhile a third one may have come.
      if (this.#known.get(peer) === known) {
        this.#connections.drop(peer)
        this.#known.delete(peer)
      }
    }
    const known = this.#known.get(peer) ?? { instance: wanted, opening: 0, admittedAt: 0, waiting: [] }
    known.opening = isOpening(known) ? known.opening + 1 : 1
    known.admittedAt = performance.now()
    this.#known.set(peer, known)
    return true
  }

  /** Somebody knows another process by the identity of this one. */
  refused(reason: CacheMeshError): void {
    this.#refusal = { reason, askAt: performance.now() + ASK_MS }
  }

  /** Somebody knows the identity of this process by it. */
  accepted(): void {
    this.#refusal = undefined
  }

  /** Before each dial. Throws ERR_DUPLICATE_IDENTITY, once refused, but for one dial in some seconds. */
  ask(): void {
    if (this.#refusal === undefined) return
    const now = performance.now()
    if (now < this.#refusal.askAt) throw this.#refusal.reason
    this.#refusal.askAt = now + ASK_MS
  }

  /** A connection that was admitted is open. */
  opened(peer: string): void {
    const known = this.#known.get(peer)
    if (known === undefined) return
    known.opening = Math.max(0, known.opening - 1)
    if (known.opening === 0) for (const resolve of known.waiting.splice(0)) resolve()
  }

  /** The last connection to a peer is closed. */
  closed(peer: string): void {
    const known = this.#known.get(peer)
    if (known !== undefined && !isOpening(known)) this.#known.delete(peer)
  }
}

function untilOpen({ admittedAt, waiting }: Known): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, admittedAt + OPENING_MS - performance.now())
    waiting.push(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function isOpening({ opening, admittedAt }: Known): boolean {
  return opening > 0 && performance.now() - admittedAt < OPENING_MS
}
