// Programs on all hosts that read, write and delete the same keys through the requests of the real core. What they
// ask and are told, and every frame of it, is in the trace; checkers judge it as it happens.

import { BULK_FRAME_MAX, type Frame, FrameReader, KIND, type Target } from '@cachemesh/protocol'
import { Dice } from '../chance/dice.ts'
import { type Checker, FINE, type Step } from '../checkers/checker.ts'
import type { Evenness } from '../checkers/evenness.ts'
import type { HerdLoads } from '../checkers/herd-loads.ts'
import { historyCheckers } from '../checkers/history.ts'
import type { HistoryChecker } from '../checkers/history-checker.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Noted, Trace } from '../trace/trace.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import { TAGGED } from './atomics.ts'
import { ErasingPrograms } from './erasing.ts'
import type { HerdPlan } from './herd-plan.ts'
import { Herds } from './herds.ts'
import { type CreateRequests, ProcessRequests } from './host-requests.ts'
import type { Operation, Result } from './operation.ts'
import type { WorkloadPlan } from './plan.ts'
import { LOAD_BYTES, type StartedLoad } from './process-loads.ts'
import { Programs } from './programs.ts'

export interface WorkloadParts {
  readonly plan: WorkloadPlan
  readonly scenario: Scenario
  readonly trace: Trace
  readonly create: CreateRequests
}

export class Workload implements Checker {
  readonly name = 'workload'
  /** How the calls ended, in numbers. */
  readonly results: Map<string, number> = new Map()
  /** How long each read took that was answered, but for those at the end, ms. */
  readonly readMs: number[] = []
  readonly #parts: WorkloadParts
  readonly #dice: Dice
  readonly #loadDice: Dice
  readonly #reader = new FrameReader(BULK_FRAME_MAX)
  readonly #processes = new Map<Host, ProcessRequests>()
  #judges: readonly HistoryChecker[] = []
  #lastLoad = 0
  #lastErasure = 1_000_000
  #herds: HerdLoads | undefined
  #evenness: Evenness | undefined
  #world: World | undefined
  #programs: Programs | undefined

  constructor(parts: WorkloadParts) {
    this.#parts = parts
    this.#dice = new Dice(parts.scenario.seed, 'timers')
    this.#loadDice = new Dice(parts.scenario.seed, 'loads')
  }

  /** The world and its checkers know each other: it is given before anything happens. */
  set world(world: World) {
    this.#world = world
    const { plan, scenario } = this.#parts
    const ask = (operation: Operation): void => this.#ask(operation)
    const { hosts, queue } = world
    const askTogether = (operations: readonly Operation[]): void => this.#askTogether(operations)
    const programs = new Programs({ plan, scenario, hosts, queue, ask, askTogether })
    if (plan.atomics) {
      const erase = (host: Host, slots: readonly number[] | undefined): void => this.#erase(host, slots)
      new ErasingPrograms({ everyMs: plan.atomics.eraseEveryMs, scenario, hosts, queue, erase })
    }
    this.#programs = programs
    const { herds, timeoutMs } = plan
    const nextId = (): number => programs.nextId()
    if (herds) new Herds({ plan: herds, timeoutMs, scenario, hosts, queue, nextId, ask })
  }

  /** How often each herd loaded that was judged. */
  get herdLoads(): readonly number[] {
    return this.#herds?.counts ?? []
  }

  /** How many times as many reads the busiest node answered as nodes do on average; undefined: that was not the question. */
  get spread(): number | undefined {
    return this.#evenness?.spread
  }

  /** All that watches a run with programs, this one among them. */
  checkers(hosts: readonly Host[]): readonly Checker[] {
    const { judges, checkers, herds, evenness } = historyCheckers(this.#parts.scenario, hosts)
    this.#judges = judges
    this.#herds = herds
    this.#evenness = evenness
    return [...checkers, this]
  }

  started(host: Host): void {
    const world = this.#known
    const requests = new ProcessRequests(host, {
      create: this.#parts.create,
      now: () => world.queue.now,
      indexOf: id => world.hosts.findIndex(other => other.id === id),
      want: peer => this.#want(host, peer),
      deliver: (to, bytes) => this.#deliver(host, to, bytes),
      ring: (afterMs, happen) => this.#ring(host, afterMs, happen),
      settled: (operation, result) => this.#settled(host, operation, result),
      loads: key => this.#loads(host, key),
      herds: this.#parts.plan.herds,
    })
    host.requests = requests
    this.#processes.set(host, requests)
    this.#programs?.started(host)
  }

  stepped({ host, input }: Step): readonly string[] {
    if (input.kind === 'link-up') this.#processes.get(host)?.linkUp(input.peer)
    if (input.kind === 'link-down') this.#processes.get(host)?.linkDown(input.peer)
    return FINE
  }

  ended(host: Host): void {
    this.#processes.delete(host)
  }

  #ask(operation: Operation): void {
    this.#processes.get(this.#asked(operation))?.ask(operation)
  }

  #askTogether(operations: readonly Operation[]): void {
    const [host] = operations.map(operation => this.#asked(operation))
    if (host !== undefined) this.#processes.get(host)?.askTogether(operations)
  }

  #asked(operation: Operation): Host {
    const host = this.#known.hosts[operation.host] as Host
    const { id, kind, key, sizeBytes, expected = 0 } = operation
    this.#note('asks', host.index, id, kind, key, sizeBytes, expected)
    for (const judge of this.#judges) judge.asked?.(operation, host)
    return host
  }

  #erase(host: Host, slots: readonly number[] | undefined): void {
    const erasure = { namespace: TAGGED, ...(slots && { slots }) }
    const ask = ++this.#lastErasure
    this.#known.feed(host, { kind: 'operation', ask, operation: { kind: 'erase', erasure } })
    for (const what of slots?.map(slot => `~${slot}`) ?? [TAGGED]) {
      const register = `erasures/${what}`
      const counter = host.core.configuration.register(register)?.counter
      const at = this.#known.queue.now
      if (counter === undefined) continue
      for (const judge of this.#judges) judge.erased?.({ register, counter, at })
    }
  }

  #settled(host: Host, operation: Operation, result: Result): void {
    operation.settledAt = this.#known.queue.now
    operation.result = result
    const outcome = result.kind === 'failed' ? result.code : result.kind
    this.results.set(outcome, (this.results.get(outcome) ?? 0) + 1)
    if (host.slowMs === 0 && this.#isMeasured(operation))
      this.readMs.push(operation.settledAt - operation.startedAt)
    this.#programs?.settled(operation, host)
    this.#note('told', host.index, operation.id, ...noted(result))
    for (const judge of this.#judges) this.#judged(host, judge.name, judge.settled?.(operation, host))
  }

  /** A read that was answered, in the time in which troubles may come. What a slow host asks for is slow by its own fault. */
  #isMeasured({ kind, startedAt, result }: Operation): boolean {
    const { calmAt, measures } = this.#parts.scenario
    const from = measures?.changesFrom ?? 0
    return kind === 'get' && result?.kind !== 'failed' && startedAt >= from && startedAt < calmAt
  }

  /** A load begins, with a number and a time of its own. */
  #loads(host: Host, key: string): StartedLoad {
    const load = { id: --this.#lastLoad, key, host: host.index, life: host.life, sizeBytes: LOAD_BYTES }
    const { loadMsMax } = this.#parts.plan.herds as HerdPlan
    this.#note('loads', host.index, load.id, key)
    for (const judge of this.#judges) judge.loads?.(load, host)
    return { id: load.id, takesMs: this.#loadDice.between(loadMsMax / 2, loadMsMax) }
  }

  /** What a runtime does at once here waits until the step that led to it is over. */
  #want(host: Host, peer: string): void {
    const { queue, feed } = this.#known
    const { life } = host
    queue.after(0, () => {
      if (host.life === life && host.state !== 'down') host.arrive(() => feed(host, { kind: 'wanted', peer }))
    })
  }

  /** A process has frames for a peer. */
  #deliver(host: Host, to: number, bytes: Uint8Array): void {
    const world = this.#known
    this.#reader.push(bytes, frame => this.#sent(host, world.hosts[to] as Host, frame))
    if (!world.links.send(host.index, to, bytes)) return
    host.sent(bytes.length, false)
    this.#note('requests', host.index, to, bytes)
  }

  #sent(from: Host, to: Host, frame: Frame): void {
    const { kind } = frame
    // A look and a copy are from one node to another alone: nobody passes them on.
    if (kind >= KIND.hit || kind === KIND.look || kind === KIND.replicate) return
    for (const { key, hops } of targetsOf(frame))
      for (const judge of this.#judges)
        this.#judged(from, judge.name, judge.sent?.({ from, to, key, hops, kind }))
  }

  /** Timers have whole milliseconds, one at least, and are late; a frozen process hears of them when it moves. */
  #ring(host: Host, afterMs: number, happen: () => void): void {
    const { queue } = this.#known
    const { life, plan } = host
    const at = Math.floor(queue.now) + Math.max(1, Math.ceil(afterMs))
    queue.at(at + Math.floor(this.#dice.between(0, plan.lateMaxMs)), () => {
      if (host.life === life && host.state !== 'down') host.arrive(happen)
    })
  }

  #judged(host: Host, checker: string, wrong: string | undefined): void {
    if (wrong !== undefined) this.#known.violated(host, checker, wrong)
  }

  #note(what: string, ...details: Noted[]): void {
    this.#parts.trace.note(this.#known.queue.now, what, ...details)
  }

  get #known(): World {
    return this.#world as World
  }
}

/** The keys that a request asks for. Those of a batch have passed nobody. */
function targetsOf(frame: Frame): readonly Pick<Target, 'key' | 'hops'>[] {
  if (frame.kind === KIND.setMany) return frame.writes().map(({ key }) => ({ key, hops: [] }))
  const isBatch = frame.kind === KIND.getMany || frame.kind === KIND.deleteMany
  return isBatch ? frame.keys().map(key => ({ key, hops: [] })) : [frame.target()]
}

function noted(result: Result): Noted[] {
  switch (result.kind) {
    case 'hit':
      return ['hit', result.write, Number(result.whole), result.bytes, result.version, Number(result.certain)]
    case 'miss':
      return ['miss', Number(result.certain)]
    case 'done':
      return ['done', result.version, Number(result.certain)]
    case 'counted':
      return ['counted', result.count, result.version, Number(result.certain)]
    case 'refused':
      return ['refused', Number(result.certain)]
    case 'failed':
      return [result.code]
  }
}
