// What the runtime does in a real node, for all nodes of a run: what happens becomes an input of a core, and its
// outputs are carried out through the codec and the network. Nothing here knows what is right.

import type { Input, Output } from '@cachemesh/core'
import { CacheMeshError, type Frame, HEAD_BYTES, KIND, type Message } from '@cachemesh/protocol'
import type { Dice } from '../chance/dice.ts'
import type { Checker, Violation } from '../checkers/checker.ts'
import type { Dialling } from '../network/dialling.ts'
import type { Announcement, Gossip } from '../network/gossip.ts'
import type { Load, Said } from '../network/letter.ts'
import type { Links } from '../network/links.ts'
import type { EventQueue } from '../time/event-queue.ts'
import { type Noted, type Trace, traceInput } from '../trace/trace.ts'
import { Codec } from './codec.ts'
import type { Host } from './host.ts'

/** As in the runtime of a node: larger announcements say the version only. */
const ANNOUNCEMENT_BYTES_MAX = 16 * 1024
/** Likewise: frames that name another document are looked into no more often than this, per peer. */
const STAMP_INTERVAL_MS = 50
/** What says what is in a configuration, or asks for it. */
const CONFIGURING: readonly string[] = ['pull', 'delta']
/** A run with this many violations has shown enough. */
const VIOLATIONS_MAX = 10

export interface LoopParts {
  readonly queue: EventQueue
  readonly dice: Dice
  readonly trace: Trace
  readonly checkers: readonly Checker[]
  readonly hosts: readonly Host[]
}

export interface Network {
  readonly links: Links
  readonly gossip: Gossip
  readonly dialling: Dialling
}

export class Loop {
  readonly violations: Violation[] = []
  steps = 0
  readonly #parts: LoopParts
  readonly #stepped: readonly Checker[]
  readonly #changed: readonly Checker[]
  readonly #byId: ReadonlyMap<string, Host>
  readonly #codec = new Codec()
  #network: Network | undefined

  constructor(parts: LoopParts) {
    this.#parts = parts
    this.#stepped = parts.checkers.filter(checker => checker.stepped !== undefined)
    this.#changed = parts.checkers.filter(checker => checker.changed !== undefined)
    this.#byId = new Map(parts.hosts.map(host => [host.id, host]))
  }

  /** The network and this loop call each other: it is given before the first step. */
  set network(network: Network) {
    this.#network = network
  }

  /** True when the run has shown enough. */
  get spoilt(): boolean {
    return this.violations.length >= VIOLATIONS_MAX
  }

  violated(host: Host, checker: string, what: string): void {
    this.#note('violation', checker, what)
    this.violations.push({ at: this.#now, host: host.index, checker, what })
  }

  /** Gives the node on a host an input, lets the checkers look, and carries out what it answers. */
  feed(index: number, input: Input): void {
    const host = this.#host(index)
    if (host.state === 'down' || this.spoilt) return
    const now = this.#now
    const before = host.core.configuration
    const { trace } = this.#parts
    trace.begin(now, input.kind)
    trace.add(index)
    traceInput(trace, input)
    trace.end()
    this.steps++
    const outputs = this.#step(host, input)
    const { configuration: after } = host.core
    const step = { host, now, input, outputs, before, after }
    for (const checker of this.#stepped) this.#judge(host, checker, checker.stepped?.(step))
    if (after !== before) {
      this.#note('holds', index, after.version.serial, after.version.digest)
      for (const checker of this.#changed) this.#judge(host, checker, checker.changed?.(step))
    }
    for (const output of outputs) this.#carryOut(host, output)
    this.#setTimer(host)
  }

  /** Likewise for what comes from outside: a frozen node gets it when it moves again. */
  arrive(index: number, input: Input): void {
    this.#host(index).arrive(() => this.feed(index, input))
  }

  /** The process moves again: its timer first, which is late, then what waited in its sockets. */
  wake(host: Host): void {
    const waiting = host.thaw()
    const { overdue } = host
    host.overdue = false
    if (overdue) this.feed(host.index, { kind: 'tick' })
    for (const happen of waiting) happen()
  }

  /** Something has come over a link. */
  arrived(index: number, from: number, load: Load): void {
    const host = this.#host(index)
    if (host.frozenSince === undefined) this.#receive(host, from, load)
    else host.arrive(() => this.#receive(host, from, load))
  }

  #receive(host: Host, from: number, load: Load): void {
    if (host.state === 'down') return
    const bytes = load instanceof Uint8Array
    host.requests?.received(this.#host(from).id, bytes ? load.length : load.sizeBytes)
    if (bytes) this.#frames(host, from, load)
    else {
      const message = this.#decode(host, load.said)
      this.#headed(host, from, load)
      if (message !== undefined)
        this.feed(host.index, { kind: 'message', from: this.#host(from).id, message, clock: load.clock })
    }
    host.requests?.through()
  }

  #frames(host: Host, from: number, bytes: Uint8Array): void {
    const { life } = host
    // A frame may end the process: then nobody is there to read what came with it.
    host.reader.push(bytes, frame => {
      if (host.state !== 'down' && host.life === life) this.#frame(host, from, frame)
    })
  }

  announced(index: number, from: number, { said }: Announcement): void {
    const message = this.#decode(this.#host(index), said)
    const peer = this.#host(from).id
    if (message?.kind === 'delta') this.feed(index, { kind: 'announced', from: peer, delta: message.delta })
    else if (message !== undefined) this.feed(index, { kind: 'message', from: peer, message })
  }

  #judge(host: Host, checker: Checker, wrong: readonly string[] | undefined): void {
    if (wrong === undefined || wrong.length === 0) return
    for (const what of wrong) this.violated(host, checker.name, what)
  }

  #step(host: Host, input: Input): readonly Output[] {
    try {
      return host.step(input, this.#now)
    } catch (error) {
      this.violated(host, 'orderly', `${input.kind} threw ${String(error)}`)
      return []
    }
  }

  #carryOut(host: Host, output: Output): void {
    switch (output.kind) {
      case 'send':
        this.#send(host, output.to, output.message)
        break
      case 'announce':
        this.#announce(host, { kind: 'delta', delta: output.delta })
        break
      case 'dial':
        this.#note('dial', host.index, output.contact.name)
        this.#network?.dialling.dial(host.index, output.contact)
        break
      case 'unlink':
        this.#note('unlink', host.index, output.peer)
        this.#network?.links.close(host.index, this.#indexOf(output.peer))
        break
      case 'suspicion':
        host.suspicions[output.state]++
        this.#note('suspicion', host.index, output.member, output.state)
        break
      case 'absent':
        host.absent = output.contacts
        this.#note('absent', host.index, output.contacts.length)
        break
      case 'state':
        this.#note('state', host.index, output.state)
        break
      case 'persist':
        host.disk = output.bytes
        this.#note('persist', host.index, output.bytes)
        break
      default:
        this.#note(output.kind, host.index)
    }
  }

  #send(host: Host, to: string, message: Message): void {
    const said = this.#codec.encode(message)
    const { serial, digestPrefix } = host.core.stamp
    const clock = host.clockAt(this.#now)
    const sizeBytes = HEAD_BYTES + said.body.length
    const peer = this.#indexOf(to)
    if (!this.#network?.links.send(host.index, peer, { said, digestPrefix, clock, sizeBytes })) return
    host.sent(sizeBytes, CONFIGURING.includes(message.kind))
    const { trace } = this.#parts
    trace.begin(this.#now, 'send')
    trace.add(host.index)
    trace.add(peer)
    trace.add(message.kind)
    trace.add(sizeBytes)
    trace.add(said.hash)
    trace.add(serial)
    trace.add(digestPrefix)
    trace.add(clock)
    trace.end()
  }

  #announce(host: Host, message: Message): void {
    const said = this.#codec.encode(message)
    if (said.body.length >= ANNOUNCEMENT_BYTES_MAX) {
      this.#announce(host, { kind: 'version', version: host.core.configuration.version })
      return
    }
    this.#note('announce', host.index, message.kind, said.body.length, said.hash)
    this.#network?.gossip.announce(host.index, said)
  }

  #frame(host: Host, from: number, frame: Frame): void {
    const { core } = host
    const peer = this.#host(from).id
    this.#headed(host, from, frame)
    if (frame.kind < KIND.hit) core.used(peer)
    host.requests?.frame(peer, frame)
  }

  /** What every frame says of the node that sent it. */
  #headed(host: Host, from: number, { digestPrefix }: Pick<Frame, 'digestPrefix'>): void {
    if (digestPrefix === host.core.stamp.digestPrefix) return
    const { stampSeenAt } = host
    const now = this.#now
    if (now - (stampSeenAt.get(from) ?? 0) < STAMP_INTERVAL_MS) return
    stampSeenAt.set(from, now)
    this.feed(host.index, { kind: 'stamp', from: this.#host(from).id, digestPrefix })
  }

  /** Equal bytes are one message at every host, and messages are immutable: it is decoded once. */
  #decode(host: Host, said: Said): Message | undefined {
    try {
      return this.#codec.decode(said)
    } catch (error) {
      if (!(error instanceof CacheMeshError)) throw error
      this.violated(host, 'orderly', `a message of kind ${said.kind} was not understood: ${error.message}`)
      return undefined
    }
  }

  /** Timers have whole milliseconds, one at least, and are late. */
  #setTimer(host: Host): void {
    const { queue, dice } = this.#parts
    const at = Math.max(Math.floor(queue.now) + 1, Math.ceil(host.wakeAt))
    if (at === host.tickAt) return
    host.tickAt = at
    if (at === Number.POSITIVE_INFINITY) return
    const { life } = host
    queue.at(at + Math.floor(dice.between(0, host.plan.lateMaxMs)), () => {
      // It was set anew since, or belonged to another process.
      if (host.life !== life || host.tickAt !== at) return
      host.tickAt = Number.POSITIVE_INFINITY
      if (host.frozenSince === undefined) this.feed(host.index, { kind: 'tick' })
      else host.overdue = true
    })
  }

  #note(what: string, ...details: Noted[]): void {
    this.#parts.trace.note(this.#now, what, ...details)
  }

  get #now(): number {
    return this.#parts.queue.now
  }

  #indexOf(id: string): number {
    return (this.#byId.get(id) as Host).index
  }

  #host(index: number): Host {
    return this.#parts.hosts[index] as Host
  }
}
