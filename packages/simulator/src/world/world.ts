import { Dice } from '../chance/dice.ts'
import type { Checker, Violation } from '../checkers/checker.ts'
import { Dialling } from '../network/dialling.ts'
import { Gossip } from '../network/gossip.ts'
import { Links } from '../network/links.ts'
import { STARTS_AT } from '../scenario/draw.ts'
import type { Scenario, Weather } from '../scenario/scenario.ts'
import { EventQueue } from '../time/event-queue.ts'
import type { Trace } from '../trace/trace.ts'
import { type CreateNode, Host } from './host.ts'
import { Loop } from './loop.ts'

export interface WorldParts {
  readonly trace: Trace
  readonly checkers: readonly Checker[]
  readonly createNode: CreateNode
}

/** The world of a run: time, hosts, the network between them, and what can be done to them. */
export class World {
  readonly queue: EventQueue = new EventQueue(STARTS_AT)
  readonly hosts: readonly Host[]
  readonly links: Links
  /** Virtual ms that nodes have lived, all together. */
  livedMs = 0
  readonly #trace: Trace
  readonly #checkers: readonly Checker[]
  readonly #dice: Dice
  readonly #loop: Loop
  readonly #byAddress = new Map<string, Host>()
  readonly #cuts = new Set<ReadonlySet<number>>()
  readonly #startedAt = new Map<Host, number>()
  #weather: Weather

  constructor(scenario: Scenario, parts: WorldParts) {
    const { trace, checkers, createNode } = parts
    this.#trace = trace
    this.#checkers = checkers
    this.#weather = scenario.weather
    const { meshId } = scenario
    this.hosts = scenario.hosts.map((plan, index) => new Host(index, plan, { meshId, createNode }))
    for (const host of this.hosts) this.#byAddress.set(host.address, host)
    const { queue, hosts } = this
    this.#dice = new Dice(scenario.seed, 'world')
    const loop = new Loop({ queue, dice: this.#dice.fork(), trace, checkers, hosts })
    this.#loop = loop
    const network = { queue, dice: this.#dice.fork(), weather: () => this.#weather }
    this.links = new Links(network, hosts.length, {
      linkUp: (host, peer) => loop.feed(host, { kind: 'link-up', peer: this.#idOf(peer) }),
      linkDown: (host, peer) => loop.feed(host, { kind: 'link-down', peer: this.#idOf(peer) }),
      frame: (host, from, bytes) => loop.received(host, from, bytes),
    })
    const { links } = this
    const gossip = new Gossip(network, {
      links,
      lifeOf: host => this.#host(host).life,
      events: {
        announcement: (host, from, announcement) => loop.announced(host, from, announcement),
        passed: (host, bytes) => this.#host(host).sent(bytes.length),
      },
    })
    loop.network = { links, gossip, dialling: this.#dialling(network) }
  }

  get violations(): readonly Violation[] {
    return this.#loop.violations
  }

  get steps(): number {
    return this.#loop.steps
  }

  /** True when the run has shown enough. */
  get spoilt(): boolean {
    return this.#loop.spoilt
  }

  /** Hosts on which a node runs that has not left. */
  get living(): Host[] {
    return this.hosts.filter(host => host.state === 'up')
  }

  violated(host: Host, checker: string, what: string): void {
    this.#loop.violated(host, checker, what)
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
    this.#present(host)
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
    this.#loop.feed(host.index, { kind: 'leave' })
    host.state = 'leaving'
  }

  openGateway(host: Host, port: number): void {
    host.gatewayPort = port
    this.#present(host)
  }

  /** Its next process will be at this address. */
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
    const parted = (a: Host, b: Host): boolean => !this.#open(a.index, b.index)
    for (const checker of this.#checkers) checker.cut?.(parted, this.queue.now)
    return () => this.#cuts.delete(hosts)
  }

  /** Faults end: from now on nothing is lost, and every path is whole. */
  calm(): void {
    this.#cuts.clear()
    const { delayMs, jitterMs, setUpMs, noticeMs } = this.#weather
    const lossless = { loss: 0, announcementLoss: 0, duplicates: 0, reorderMs: 0, dialFailure: 0 }
    this.#weather = { delayMs, jitterMs, setUpMs, noticeMs, ...lossless }
  }

  /** The run is over. */
  finish(): void {
    for (const host of this.hosts) {
      if (host.state !== 'down') this.livedMs += this.queue.now - (this.#startedAt.get(host) as number)
    }
  }

  #present(host: Host): void {
    this.#loop.feed(host.index, { kind: 'attributes', attributes: host.attributes })
  }

  #dialling(network: ConstructorParameters<typeof Dialling>[0]): Dialling {
    const world = {
      hostAt: (address: string) => this.#hostAt(address),
      idOf: (host: number) => this.#idOf(host),
      living: (host: number) => (this.#host(host).state === 'down' ? undefined : this.#host(host).life),
      open: (a: number, b: number) => this.#open(a, b),
    }
    const loop = this.#loop
    return new Dialling(network, world, {
      links: this.links,
      events: {
        dialled: (host, contact, peer) =>
          loop.feed(host, { kind: 'dialled', contact, peer: this.#idOf(peer) }),
        dialFailed: (host, contact) =>
          loop.feed(host, { kind: 'dial-failed', contact, code: 'ERR_UNREACHABLE' }),
      },
    })
  }

  /** By HOST:PORT or by a multiaddr. */
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
