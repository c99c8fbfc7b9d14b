// Several nodes in one virtual time with the ways between them, for tests of who watches whom. Unlike in `Lives`, links
// come from the nodes' own dials, a way can be cut in one direction, in silence, and a node can stand still or end.

import type { Configuration, Member } from '@cachemesh/protocol'
import { Random } from '../chance/random.ts'
import type { Input } from '../node/input.ts'
import { NodeCore } from '../node/node-core.ts'
import type { NodeCoreOptions } from '../node/options.ts'
import type { Output } from '../node/output.ts'
import { WALL } from './life.ts'
import { attributesAt, configurationOf, MESH, memberOf } from './members.ts'

const DIAL_TIMEOUT_MS = 2_000

interface Host {
  readonly core: NodeCore
  /** Inputs on their way, by time of arrival. */
  readonly inbox: { readonly at: number; readonly input: Input }[]
  /** It does nothing before. */
  frozenUntil: number
}

/** Something that a node said of a member, or did about it. */
export interface Said {
  readonly at: number
  readonly by: string
  readonly member: string
  readonly state: string
}

export class Network {
  now = 1
  readonly said: Said[] = []
  /** What was sent, by kind. */
  readonly sent = new Map<string, number>()
  readonly #hosts = new Map<string, Host>()
  /** Hosts on which nobody listens any more; their machines answer dials if true. */
  readonly #ended = new Map<string, boolean>()
  readonly #links = new Set<string>()
  readonly #cuts = new Set<string>()
  readonly #random = new Random(5)
  readonly #delayMs: number
  loss = 0

  /** Nodes that have been one mesh for long. */
  constructor(ids: readonly string[], options: Partial<NodeCoreOptions> & { delayMs?: number } = {}) {
    const { delayMs = 2, ...rest } = options
    this.#delayMs = delayMs
    const remembered = configurationOf(...ids.map(id => memberOf(id)))
    for (const [place, id] of ids.entries()) this.start(id, { remembered, randomSeed: place, ...rest })
  }

  /** A process begins, or begins anew. */
  start(id: string, options: Partial<NodeCoreOptions> = {}): void {
    this.#ended.delete(id)
    const all = { id, meshId: MESH, seeds: [], cacheBytes: 1024 * 1024, randomSeed: 1, ...options }
    const core = new NodeCore(all, this.#instant)
    this.#hosts.set(id, { core, inbox: [], frozenUntil: 0 })
    this.#step(id, { kind: 'attributes', attributes: attributesAt(`/ip4/${id}/tcp/1`) })
  }

  of(id: string): NodeCore {
    return this.#host(id).core
  }

  member(viewer: string, id: string): Member | undefined {
    return this.of(viewer).configuration.member(id)
  }

  get configurations(): Configuration[] {
    return [...this.#hosts.values()].map(({ core }) => core.configuration)
  }

  /** What others said of a member, in order. */
  saidOf(member: string, ...states: string[]): Said[] {
    return this.said.filter(it => it.member === member && states.includes(it.state))
  }

  /** Frames from any of `from` to any of `to` vanish from now on; no link is closed by it. */
  cut(from: readonly string[], to: readonly string[]): void {
    for (const a of from) for (const b of to) this.#cuts.add(`${a} ${b}`)
  }

  cutBothWays(left: readonly string[], right: readonly string[]): void {
    this.cut(left, right)
    this.cut(right, left)
  }

  heal(): void {
    this.#cuts.clear()
  }

  /** Its process ends; `closed`: the kernel closes its links and refuses dials, else everything stays silent. */
  end(id: string, { closed }: { closed: boolean }): void {
    this.#hosts.delete(id)
    this.#ended.set(id, closed)
    for (const other of this.#hosts.keys()) if (closed) this.unlink(id, other)
  }

  unlink(a: string, b: string): void {
    this.#links.delete(`${b} ${a}`)
    if (!this.#links.delete(`${a} ${b}`)) return
    this.#send(a, { kind: 'link-down', peer: b })
    this.#send(b, { kind: 'link-down', peer: a })
  }

  freeze(id: string, forMs: number): void {
    this.#host(id).frozenUntil = this.now + forMs
  }

  /** An input that comes to a node now. */
  give(id: string, input: Input): void {
    this.#step(id, input)
  }

  pass(ms: number): void {
    const until = this.now + ms
    for (;;) {
      let [next, at] = ['', Number.POSITIVE_INFINITY]
      for (const [id, host] of this.#hosts) {
        const wanted = Math.min(host.core.wakeAt, host.inbox[0]?.at ?? Number.POSITIVE_INFINITY)
        const possible = Math.max(wanted, host.frozenUntil, this.now)
        if (possible < at) [next, at] = [id, possible]
      }
      if (at > until) break
      this.now = at
      this.#run(next)
    }
    this.now = until
  }

  #run(id: string): void {
    const { core, inbox } = this.#host(id)
    // A timer that is due comes before what waits in the sockets, as in a real loop.
    if (core.wakeAt <= this.now) this.#step(id, { kind: 'tick' })
    while (inbox[0] !== undefined && inbox[0].at <= this.now) {
      const { input } = inbox.shift() as { input: Input }
      // Of a link that is gone nothing comes any more.
      if (input.kind !== 'message' || this.#links.has(`${input.from} ${id}`)) this.#step(id, input)
      if (!this.#hosts.has(id)) return
    }
  }

  get #instant() {
    return { now: this.now, wall: WALL + Math.floor(this.now) }
  }

  #host(id: string): Host {
    const host = this.#hosts.get(id)
    if (host === undefined) throw new Error(`There is no node ${id}`)
    return host
  }

  #step(id: string, input: Input): void {
    for (const output of this.#host(id).core.step(input, this.#instant)) this.#carry(id, output)
  }

  #carry(from: string, output: Output): void {
    switch (output.kind) {
      case 'suspicion':
        this.said.push({ at: this.now, by: from, member: output.member, state: output.state })
        break
      case 'dial':
        this.#dial(from, output.contact.name)
        break
      case 'unlink':
        this.unlink(from, output.peer)
        break
      case 'send': {
        const { to, message } = output
        this.sent.set(message.kind, (this.sent.get(message.kind) ?? 0) + 1)
        if (!this.#links.has(`${from} ${to}`) || this.#cuts.has(`${from} ${to}`)) return
        if (this.#random.fraction() < this.loss) return
        this.#send(to, { kind: 'message', from, message })
      }
    }
  }

  #dial(from: string, to: string): void {
    const closed = this.#ended.get(to)
    const parted = this.#cuts.has(`${from} ${to}`) || this.#cuts.has(`${to} ${from}`)
    if (parted || closed === false)
      this.#send(from, { kind: 'dial-failed', contact: to, code: 'ERR_UNREACHABLE' }, DIAL_TIMEOUT_MS)
    else if (closed || !this.#hosts.has(to))
      this.#send(from, { kind: 'dial-failed', contact: to, code: 'ERR_CONNECTION_REFUSED' })
    else {
      if (!this.#links.has(`${from} ${to}`)) {
        this.#links.add(`${from} ${to}`).add(`${to} ${from}`)
        this.#send(to, { kind: 'link-up', peer: from })
        this.#send(from, { kind: 'link-up', peer: to })
      }
      this.#send(from, { kind: 'dialled', contact: to, peer: to })
    }
  }

  #send(to: string, input: Input, afterMs: number = this.#delayMs): void {
    const inbox = this.#hosts.get(to)?.inbox
    if (inbox === undefined) return
    const at = this.now + afterMs
    const place = inbox.findLastIndex(waiting => waiting.at <= at)
    inbox.splice(place + 1, 0, { at, input })
  }
}
