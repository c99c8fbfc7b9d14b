import {
  type Attributes,
  type Contact,
  type Input,
  type Instant,
  type NodeCore,
  type NodeCoreOptions,
  type Output,
  type Rules,
  unpackConfiguration,
} from '@cachemesh/core'
import { BULK_FRAME_MAX, type Configuration, type Frame, FrameReader, isTombstone } from '@cachemesh/protocol'
import type { Dice } from '../chance/dice.ts'
import type { Established } from '../scenario/established.ts'
import type { HostPlan } from '../scenario/scenario.ts'
import { WALL_STARTS_AT } from '../scenario/times.ts'

const CACHE_BYTES = 1024 * 1024

/** Makes the node of a process: the real one, or in a test one that lacks something. */
export type CreateNode = (options: NodeCoreOptions, at: Instant) => NodeCore

/** What a host has to know of the world. */
export interface HostWorld {
  readonly meshId: string
  readonly createNode: CreateNode
  /** What was on all disks at first: it is read once for all. */
  established?: Established
  /** Of all nodes, in place of their own. */
  readonly rules?: Partial<Rules>
}

type Suspicions = Extract<Output, { kind: 'suspicion' }>['state']

/** The part of a process that handles requests for keys. */
export interface HostRequests {
  /** Bytes have come from this peer. */
  received(from: string, bytes: number): void
  /** Of kind get to error. */
  frame(from: string, frame: Frame): void
  /** What came together was all handed over. */
  through(): void
  leave(): void
}

export type HostState =
  /** It has not started yet, or will start again. */
  | 'down'
  | 'up'
  /** Its node has left and the process is about to end. */
  | 'leaving'

/**
 * A machine: one identity, one disk, one clock, and on it one process at a time with a node in it. A life is
 * one run of that process.
 */
export class Host {
  readonly index: number
  readonly plan: HostPlan
  readonly #world: HostWorld
  state: HostState = 'down'
  address: string
  /** Of its gateway; 0: there is none. */
  gatewayPort = 0
  /** Counts processes; the first is 1. */
  life = 0
  /** The disk: what the core asked to keep, and the members it looks for. */
  disk: Uint8Array | undefined
  absent: readonly Contact[] = []
  /** Steps of what its nodes thought of others. */
  readonly suspicions: Record<Suspicions, number> = { checking: 0, accused: 0, cleared: 0, removed: 0 }
  /** When the timer of this process rings; Infinity when it is not set. */
  tickAt = Number.POSITIVE_INFINITY
  readonly reader: FrameReader = new FrameReader(BULK_FRAME_MAX)
  readonly stampSeenAt: Map<number, number> = new Map()
  /** The machine is on: its kernel answers also when no process does. */
  powered = true
  /** Its wall clock minus the right one. */
  clockSkewMs: number
  /** What it sends or gets takes up to so much longer. */
  slowMs = 0
  /** Since when the process does not move; undefined: it does. */
  frozenSince: number | undefined
  /** The timer of the frozen process has rung. */
  overdue = false
  /** Of its process, when programs ask for keys in this run. */
  requests: HostRequests | undefined
  sentBytes = 0
  sentMessages = 0
  /** Of them those that carry the configuration. */
  configurationBytes = 0
  #waiting: (() => void)[] = []
  #core: NodeCore | undefined
  #monotonicOffsetMs = 0

  constructor(index: number, plan: HostPlan, world: HostWorld) {
    this.index = index
    this.plan = plan
    this.#world = world
    this.address = plan.address
    this.clockSkewMs = plan.clockSkewMs
  }

  get id(): string {
    return this.plan.id
  }

  get core(): NodeCore {
    if (this.#core === undefined) throw new Error(`Nothing runs on host ${this.index}`)
    return this.#core
  }

  get attributes(): Attributes {
    const [host, port] = this.address.split(':')
    return {
      addresses: [`/ip4/${host}/tcp/${port}/p2p/${this.id}`],
      gateways: this.gatewayPort === 0 ? {} : { http: `http://${host}:${this.gatewayPort}` },
      weight: this.plan.weight,
      zone: '',
      software: 'simulated',
    }
  }

  /** A new process. Its monotonic clock begins anywhere: no time of it means anything elsewhere. */
  start(now: number, dice: Pick<Dice, 'seed' | 'below'>): void {
    this.life++
    this.state = 'up'
    this.powered = true
    this.gatewayPort = 0
    this.stampSeenAt.clear()
    this.tickAt = Number.POSITIVE_INFINITY
    // A whole number, so that a whole moment is the same moment on both clocks.
    this.#monotonicOffsetMs = 1 + dice.below(1_000_000) - Math.floor(now)
    const remembered = this.#remembered()
    const options = {
      id: this.id,
      meshId: this.#world.meshId,
      attributes: this.attributes,
      seeds: this.plan.seeds,
      cacheBytes: CACHE_BYTES,
      randomSeed: dice.seed(),
      ...(remembered && { remembered }),
      absent: this.absent,
      ...(this.#world.rules && { rules: this.#world.rules }),
    }
    this.#core = this.#world.createNode(options, this.instant(now))
  }

  /** Counts what this host sends. */
  sent(bytes: number, carriesConfiguration: boolean): void {
    this.sentBytes += bytes
    this.sentMessages++
    if (carriesConfiguration) this.configurationBytes += bytes
  }

  /** Whom its node knows, or would after a start: it finds them without anybody's help. */
  get acquaintances(): ReadonlySet<string> {
    const configuration = this.#core?.configuration ?? this.#remembered()
    const living = configuration?.members.filter(member => !isTombstone(member)).map(({ id }) => id)
    return new Set([...(living ?? []), ...this.absent.map(({ name }) => name)])
  }

  /** The disk is lost. */
  forget(): void {
    this.disk = undefined
    this.absent = []
  }

  /** Something comes to the process: it happens now, or when the process moves again. */
  arrive(happen: () => void): void {
    if (this.frozenSince === undefined) happen()
    else this.#waiting.push(happen)
  }

  /** The process moves again. Returns what came meanwhile, in its order. */
  thaw(): (() => void)[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.frozenSince = undefined
    return waiting
  }

  stop(): void {
    this.state = 'down'
    this.thaw()
    this.overdue = false
    this.#core = undefined
    this.requests = undefined
  }

  step(input: Input, now: number): readonly Output[] {
    return this.core.step(input, this.instant(now))
  }

  /** Messages say what the clock of their sender shows when they are sent; requests and replies, what it has seen. */
  clockAt(now: number): number {
    return this.core.store.clock.current(this.instant(now).wall)
  }

  instant(now: number): Instant {
    return {
      now: now + this.#monotonicOffsetMs,
      wall: Math.floor(WALL_STARTS_AT + now + this.clockSkewMs),
    }
  }

  /** The virtual time at which the node wanted a tick at the end of its last step. */
  get wakeAt(): number {
    return this.core.wantedAt - this.#monotonicOffsetMs
  }

  #remembered(): Configuration | undefined {
    const { meshId, established } = this.#world
    if (this.disk === established?.bytes) return established?.configuration
    return this.disk && unpackConfiguration(this.disk, meshId)
  }
}
