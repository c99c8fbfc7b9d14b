// The world of a run: hosts, the network between them, and the one loop that gives every node its inputs and
// carries out what it answers, as the runtime of a real node does. Nothing here knows what is right.

import type { Input, Output } from '@cachemesh/core'
import { CacheMeshError, decodeMessage, encodeMessage, type Frame, type Message } from '@cachemesh/protocol'
import { Dice } from '../chance/dice.ts'
import type { Checker, Violation } from '../checkers/checker.ts'
import { Dialling } from '../network/dialling.ts'
import { type Announcement, Gossip } from '../network/gossip.ts'
import { Links } from '../network/links.ts'
import { STARTS_AT } from '../scenario/draw.ts'
import type { Scenario, Weather } from '../scenario/scenario.ts'
import { EventQueue } from '../time/event-queue.ts'
import type { Trace } from '../trace/trace.ts'
import { Host } from './host.ts'

/** As in the runtime of a node: larger announcements say the version only. */
const ANNOUNCEMENT_BYTES_MAX = 16 * 1024
/** Likewise: frames that name another document are looked into no more often than this, per peer. */
const STAMP_INTERVAL_MS = 50
/** A run with this many violations has shown enough. */
const VIOLATIONS_MAX = 10

export class World {
  readonly queue: EventQueue = new EventQueue(STARTS_AT)
  readonly hosts: readonly Host[]
  readonly links: Links
  readonly violations: Violation[] = []
  /** Virtual ms that nodes have lived, all together. */
  livedMs = 0
  steps = 0
  readonly #trace: Trace
  readonly #checkers: readonly Checker[]
  readonly #dice: Dice
  readonly #gossip: Gossip
  readonly #dialling: Dialling
  readonly #byId: ReadonlyMap<string, Host>
  readonly #byAddress = new Map<string, Host>()
  readonly #cuts = new Set<ReadonlySet<number>>()
  readonly #startedAt = new Map<Host, number>()
  readonly #readAnnouncements = new WeakMap<Announcement, Message>()
  #weather: Weather

  constructor(scenario: Scenario, trace: Trace, checkers: readonly Checker[]) {
    this.#trace = trace
    this.#checkers = checkers
    this.#weather = scenario.weather
    this.hosts = scenario.hosts.map((plan, index) => new Host(index, plan, scenario.meshId))
    this.#byId = new Map(this.hosts.map(host => [host.id, host]))
    for (const host of this.hosts) this.#byAddress.set(host.address, host)
    const dice = new Dice(scenario.seed)
    this.#dice = dice.fork()
    const parts = { queue: this.queue, dice: dice.fork(), weather: () => this.#weather }
    this.links = new Links(parts, this.hosts.length, {
      linkUp: (host, peer) => this.#feed(host, { kind: 'link-up', peer: this.#idOf(peer) }),
      linkDown: (host, peer) => this.#feed(host, { kind: 'link-down', peer: this.#idOf(peer) }),
      frame: (host, from, bytes) =>
        this.#host(host).reader.push(bytes, frame => this.#frame(host, from, frame)),
    })
    this.#gossip = new Gossip(parts, {
      links: this.links,
      lifeOf: host => this.#host(host).life,
      events: {
        announcement: (host, from, announcement) => this.#announced(host, from, announcement),
        passed: (host, bytes) => this.#host(host).sent(bytes.length),
      },
    })
    const world = {
      hostAt: (address: string) => this.#hostAt(address),
      idOf: (host: number) => this.#idOf(host),
      living: (host: number) => (this.#host(host).state === 'down' ? undefined : this.#host(host).life),
      open: (a: number, b: number) => this.#open(a, b),
    }
    this.#dialling = new Dialling(parts, world, {
      links: this.links,
      events: {
        dialled: (host, contact, peer) =>
          this.#feed(host, { kind: 'dialled', contact, peer: this.#idOf(peer) }),
        dialFailed: (host, contact) =>
          this.#feed(host, { kind: 'dial-failed', contact, code: 'ERR_UNREACHABLE' }),
      },
    })
  }

  /** Hosts on which a node runs that has not left. */
  get living(): Host[] {
    return this.hosts.filter(host => host.state === 'up')
  }

  /** True when the run has shown enough. */
  get spoilt(): boolean {
    return this.violations.length >= VIOLATIONS_MAX
  }

  /** Lets everything happen that happens up to a moment. */
  runUntil(at: number): void {
    while (!this.spoilt && this.queue.step(at));
  }

  start(host: Host): void {
    const { now } = this.queue
    host.start(now, this.#dice)
    this.#startedAt.set(host, now)
    this.#trace.note(now, 'start', host.index, host.life)
    for (const checker of this.#checkers) checker.started?.(host, now)
    this.#feed(host.index, { kind: 'attributes', attributes: host.attributes })
  }

  /** The process on this host ends; `graceful` lets what it sent arrive. */
  stop(host: Host, graceful: boolean): void {
    const { now } = this.queue
    host.stop()
    this.#trace.note(now, 'stop', host.index)
    this.livedMs += now - (this.#startedAt.get(host) as number)
    for (const checker of this.#checkers) checker.ended?.(host, now)
    this.links.end(host.index, graceful)
  }

  leave(host: Host): void {
    this.#feed(host.index, { kind: 'leave' })
    host.state = 'leaving'
  }

  move(host: Host, address: string): void {
    this.#byAddress.delete(host.address)
    host.address = address
    this.#byAddress.set(address, host)
  }

  /** Nothing passes between these hosts and the others until the returned function is called. */
  cut(hosts: ReadonlySet<number>): () => void {
    this.#cuts.add(hosts)
    for (const inside of hosts) {
      for (const { index } of this.hosts) if (!hosts.has(index)) this.links.break(inside, index)
    }
    return () => this.#cuts.delete(hosts)
  }

  /** Faults end: from now on nothing is lost, and every path is whole. */
  calm(): void {
    this.#cuts.clear()
    const { delayMs, jitterMs, setUpMs, noticeMs } = this.#weather
    const lossless = { loss: 0, announcementLoss: 0, duplicates: 0, reorderMs: 0, dialFailure: 0 }
    this.#weather = { delayMs, jitterMs, setUpMs, noticeMs, ...lossless }
  }

  /** Ends all processes: the run is over. */
  finish(): void {
    for (const host of this.hosts) {
      if (host.state !== 'down') this.livedMs += this.queue.now - (this.#startedAt.get(host) as number)
    }
  }

  violated(host: Host, checker: string, what: string): void {
    this.#trace.note(this.queue.now, 'violation', checker, what)
    this.violations.push({ at: this.queue.now, host: host.index, checker, what })
  }

  #feed(index: number, input: Input): void {
    const host = this.#host(index)
    if (host.state === 'down' || this.spoilt) return
    const { now } = this.queue
    const before = host.core.configuration
    this.#trace.note(now, input.kind, index, ...detailsOf(input))
    this.steps++
    const outputs = this.#step(host, input, now)
    const { configuration: after } = host.core
    if (after !== before) this.#trace.note(now, 'holds', index, after.version.serial, after.version.digest)
    for (const checker of this.#checkers) {
      const wrong = checker.stepped?.({ host, now, input, outputs, before, after }) ?? []
      for (const what of wrong) this.violated(host, checker.name, what)
    }
    for (const output of outputs) this.#carryOut(host, output)
    this.#setTimer(host)
  }

  #step(host: Host, input: Input, now: number): readonly Output[] {
    try {
      return host.step(input, now)
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
        this.#trace.note(this.queue.now, 'dial', host.index, output.contact.name)
        this.#dialling.dial(host.index, output.contact)
        break
      case 'state':
        this.#trace.note(this.queue.now, 'state', host.index, output.state)
        break
      case 'persist':
        host.disk = output.bytes
        break
      case 'configuration':
      case 'refused':
        break
    }
  }

  #send(host: Host, to: string, message: Message): void {
    const { kind, body } = encodeMessage(message)
    host.stampTime(this.queue.now)
    host.writer.message(kind, 0, body)
    const bytes = host.writer.take() as Uint8Array
    const peer = (this.#byId.get(to) as Host).index
    if (!this.links.send(host.index, peer, bytes)) return
    host.sent(bytes.length)
    this.#trace.note(this.queue.now, 'send', host.index, peer, message.kind, bytes)
  }

  #announce(host: Host, message: Message): void {
    const { kind, body } = encodeMessage(message)
    if (body.length >= ANNOUNCEMENT_BYTES_MAX) {
      this.#announce(host, { kind: 'version', version: host.core.configuration.version })
      return
    }
    const bytes = new Uint8Array(body.length + 1)
    bytes[0] = kind
    bytes.set(body, 1)
    this.#trace.note(this.queue.now, 'announce', host.index, message.kind, bytes)
    this.#gossip.announce(host.index, bytes)
  }

  #frame(index: number, from: number, frame: Frame): void {
    const host = this.#host(index)
    const { core, stampSeenAt } = host
    const { digestPrefix, clock, kind } = frame
    const { now } = this.queue
    // Its body has to be read before the node takes a step: the reader's frame is valid only for now.
    const message = this.#decode(host, kind, frame.body())
    if (digestPrefix !== core.stamp.digestPrefix && now - (stampSeenAt.get(from) ?? 0) >= STAMP_INTERVAL_MS) {
      stampSeenAt.set(from, now)
      this.#feed(index, { kind: 'stamp', from: this.#idOf(from), digestPrefix })
    }
    if (message !== undefined) this.#feed(index, { kind: 'message', from: this.#idOf(from), message, clock })
  }

  #announced(index: number, from: number, announcement: Announcement): void {
    const message = this.#read(this.#host(index), announcement)
    const peer = this.#idOf(from)
    if (message?.kind === 'delta') this.#feed(index, { kind: 'announced', from: peer, delta: message.delta })
    else if (message !== undefined) this.#feed(index, { kind: 'message', from: peer, message })
  }

  /** Equal bytes are one message at every host, and messages are immutable: it is decoded once. */
  #read(host: Host, announcement: Announcement): Message | undefined {
    const known = this.#readAnnouncements.get(announcement)
    if (known !== undefined) return known
    const { bytes } = announcement
    const message = this.#decode(host, bytes[0] as number, bytes.subarray(1))
    if (message !== undefined) this.#readAnnouncements.set(announcement, message)
    return message
  }

  #decode(host: Host, kind: number, body: Uint8Array): Message | undefined {
    try {
      return decodeMessage(kind, body)
    } catch (error) {
      if (!(error instanceof CacheMeshError)) throw error
      this.violated(host, 'orderly', `a message of kind ${kind} was not understood: ${error.message}`)
      return undefined
    }
  }

  /** Timers have whole milliseconds, one at least, and are late. */
  #setTimer(host: Host): void {
    const { now } = this.queue
    const { lateMaxMs } = host.plan
    const at = Math.max(Math.floor(now) + 1, Math.ceil(host.wakeAt))
    if (at === host.tickAt) return
    host.tickAt = at
    if (at === Number.POSITIVE_INFINITY) return
    const { life } = host
    this.queue.at(at + Math.floor(this.#dice.between(0, lateMaxMs)), () => {
      // It was set anew since, or belonged to another process.
      if (host.life !== life || host.tickAt !== at) return
      host.tickAt = Number.POSITIVE_INFINITY
      this.#feed(host.index, { kind: 'tick' })
    })
  }

  #hostAt(address: string): number | undefined {
    const [, , ip, , port] = address.split('/')
    return this.#byAddress.get(ip === undefined ? address : `${ip}:${port}`)?.index
  }

  #open(a: number, b: number): boolean {
    for (const cut of this.#cuts) if (cut.has(a) !== cut.has(b)) return false
    return true
  }

  #host(index: number): Host {
    return this.hosts[index] as Host
  }

  #idOf(index: number): string {
    return this.#host(index).id
  }
}

function detailsOf(input: Input): (string | number)[] {
  switch (input.kind) {
    case 'link-up':
    case 'link-down':
      return [input.peer]
    case 'dialled':
      return [input.contact, input.peer]
    case 'dial-failed':
      return [input.contact, input.code]
    case 'message':
      return [input.from, input.message.kind, input.clock ?? 0]
    case 'announced':
      return [input.from, input.delta.version.serial, input.delta.version.digest]
    case 'stamp':
      return [input.from, input.digestPrefix]
    default:
      return []
  }
}
