import type { Change, Input } from '@cachemesh/core'
import { Dice } from '../chance/dice.ts'
import type { Checker, Violation } from '../checkers/checker.ts'
import { type Answering, Dialling } from '../network/dialling.ts'
import { Gossip } from '../network/gossip.ts'
import { type Ending, Links } from '../network/links.ts'
import { type Cut, Paths } from '../network/paths.ts'
import { establish } from '../scenario/established.ts'
import type { Scenario, Weather } from '../scenario/scenario.ts'
import { STARTS_AT } from '../scenario/times.ts'
import { EventQueue } from '../time/event-queue.ts'
import type { Trace } from '../trace/trace.ts'
import { type CreateNode, Host, type HostWorld } from './host.ts'
import { Loop } from './loop.ts'

export interface WorldParts {
  readonly trace: Trace
  /** They may want to know the hosts, which are made here. */
  readonly checkers: (hosts: readonly Host[]) => readonly Checker[]
  readonly createNode: CreateNode
}

/** The world of a run: time, hosts, the network between them, and what can be done to them. */
export class World {
  readonly queue: EventQueue = new EventQueue(STARTS_AT)
  readonly hosts: readonly Host[]
  readonly paths: Paths = new Paths()
  readonly links: Links
  /** Virtual ms that nodes have lived, all together. */
  livedMs = 0
  readonly #trace: Trace
  readonly #checkers: readonly Checker[]
  readonly #dice: Dice
  readonly #loop: Loop
  readonly #byAddress = new Map<string, Host>()
  readonly #startedAt = new Map<Host, number>()
  #weather: Weather

  constructor(scenario: Scenario, parts: WorldParts) {
    const { trace, createNode } = parts
    this.#trace = trace
    this.#weather = scenario.weather
    const { meshId, rules } = scenario
    const hostWorld: HostWorld = { meshId, createNode, ...(rules && { rules }) }
    this.hosts = scenario.hosts.map((plan, index) => new Host(index, plan, hostWorld))
    for (const host of this.hosts) this.#byAddress.set(host.address, host)
    if (scenario.established) {
      const established = establish(meshId, this.hosts)
      hostWorld.established = established
      for (const host of this.hosts) host.disk = established.bytes
    }
    const { queue, hosts } = this
    const checkers = parts.checkers(hosts)
    this.#checkers = checkers
    this.#dice = new Dice(scenario.seed, 'world')
    const loop = new Loop({ queue, dice: this.#dice.fork(), trace, checkers, hosts })
    this.#loop = loop
    const network = {
      queue,
      dice: this.#dice.fork(),
      paths: this.paths,
      weather: () => this.#weather,
      slownessMs: (host: number) => this.#host(host).slowMs,
    }
    this.links = new Links(network, hosts.length, {
      linkUp: (host, peer) => loop.arrive(host, { kind: 'link-up', peer: this.#idOf(peer) }),
      linkDown: (host, peer) => loop.arrive(host, { kind: 'link-down', peer: this.#idOf(peer) }),
      arrived: (host, from, load) => loop.arrived(host, from, load),
    })
    const { links } = this
    const gossip = new Gossip(network, {
      links,
      lifeOf: host => this.#host(host).life,
      events: {
        arrived: (host, read) => this.#host(host).arrive(read),
        announcement: (host, from, announcement) => loop.announced(host, from, announcement),
        // One byte says the kind.
        passed: (host, { body }) => this.#host(host).sent(body.length + 1, true),
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
    this.links.reset(host.index)
    this.#present(host)
  }

  /** The process on this host ends, and with `power-loss` the machine. */
  stop(host: Host, how: Ending): void {
    const { now } = this.queue
    host.stop()
    host.powered = how !== 'power-loss'
    this.#trace.note(now, 'stop', host.index, how)
    this.livedMs += now - (this.#startedAt.get(host) as number)
    for (const checker of this.#checkers) checker.ended?.(host, now, how)
    this.links.end(host.index, how)
  }

  leave(host: Host): void {
    host.requests?.leave()
    this.#loop.feed(host.index, { kind: 'leave' })
    host.state = 'leaving'
  }

  openGateway(host: Host, port: number): void {
    host.gatewayPort = port
    this.#present(host)
  }

  set(host: Host, { name, value }: { readonly name: string; readonly value: number | null }): void {
    this.change(host, { settings: { [name]: value } })
  }

  change(host: Host, change: Change): void {
    this.#loop.feed(host.index, { kind: 'operation', ask: 0, operation: { kind: 'update', change } })
  }

  /** Its next process will be at this address. */
  move(host: Host, address: string): void {
    this.#byAddress.delete(host.address)
    host.address = address
    this.#byAddress.set(address, host)
  }

  /** For what asks something of a node from within its process. */
  readonly feed = (host: Host, input: Input): void => this.#loop.feed(host.index, input)

  freeze(host: Host): void {
    const { now } = this.queue
    host.frozenSince = now
    this.#trace.note(now, 'freeze', host.index)
    for (const checker of this.#checkers) checker.froze?.(host, now)
  }

  thaw(host: Host): void {
    const { now } = this.queue
    this.#trace.note(now, 'thaw', host.index)
    for (const checker of this.#checkers) checker.thaws?.(host, now)
    this.#loop.wake(host)
  }

  /** The cut lies between hosts until the returned function is called. Links on it stay up. */
  cut(cut: Cut): () => void {
    const remove = this.paths.add(cut)
    this.#pathsChanged()
    return () => {
      if (!remove()) return
      this.#pathsChanged()
    }
  }

  /** Faults end: from now on nothing is lost, and every path is whole. */
  calm(): void {
    this.paths.clear()
    this.#pathsChanged()
    const { delayMs, jitterMs, setUpMs, noticeMs } = this.#weather
    const lossless = { loss: 0, announcementLoss: 0, duplicates: 0, reorderMs: 0, dialFailure: 0 }
    this.#weather = { delayMs, jitterMs, setUpMs, noticeMs, ...lossless }
  }

  /** The run is over. */
  finish(): void {
    for (const checker of this.#checkers) {
      for (const what of checker.finished?.(this.queue.now) ?? [])
        this.violated(this.#host(0), checker.name, what)
    }
    for (const host of this.hosts) {
      if (host.state !== 'down') this.livedMs += this.queue.now - (this.#startedAt.get(host) as number)
    }
  }

  #pathsChanged(): void {
    const { now } = this.queue
    this.#trace.note(now, 'paths', this.paths.cuts.length)
    for (const checker of this.#checkers) checker.pathsChanged?.(this.paths, now)
  }

  #present(host: Host): void {
    this.#loop.feed(host.index, { kind: 'attributes', attributes: host.attributes })
  }

  #dialling(network: ConstructorParameters<typeof Dialling>[0]): Dialling {
    const world = {
      hostAt: (address: string) => this.#hostAt(address),
      idOf: (host: number) => this.#idOf(host),
      living: (host: number) => (this.#host(host).state === 'down' ? undefined : this.#host(host).life),
      answering: (host: number) => this.#answering(this.#host(host)),
    }
    const loop = this.#loop
    return new Dialling(network, world, {
      links: this.links,
      events: {
        dialled: (host, contact, peer) =>
          loop.arrive(host, { kind: 'dialled', contact, peer: this.#idOf(peer) }),
        dialFailed: (host, contact, code) => loop.arrive(host, { kind: 'dial-failed', contact, code }),
      },
    })
  }

  /** By HOST:PORT or by a multiaddr. */
  #hostAt(address: string): number | undefined {
    const [, , ip, , port] = address.split('/')
    return this.#byAddress.get(ip === undefined ? address : `${ip}:${port}`)?.index
  }

  #answering({ state, powered, frozenSince }: Host): Answering {
    if (!powered || frozenSince !== undefined) return 'nobody'
    return state === 'down' ? 'machine' : 'process'
  }

  #host(index: number): Host {
    return this.hosts[index] as Host
  }

  #idOf(index: number): string {
    return this.#host(index).id
  }
}
