import { Merges, NodeCore, Rings } from '@cachemesh/core'
import type { Configuration, Member } from '@cachemesh/protocol'
import type { Violation } from './checkers/checker.ts'
import { Figures, type FigureValues } from './checkers/figures.ts'
import { NeverBackwards } from './checkers/never-backwards.ts'
import { Orderly } from './checkers/orderly.ts'
import { KeptDigests, ReservedPartition, reservedFault } from './checkers/reserved.ts'
import { Serials } from './checkers/serials.ts'
import { Settlement } from './checkers/settlement.ts'
import type { Scenario } from './scenario/scenario.ts'
import { SETTLE_MS, STEADY_MS } from './scenario/times.ts'
import { Trace } from './trace/trace.ts'
import { type CreateRequests, realRequests } from './workload/host-requests.ts'
import { Workload } from './workload/workload.ts'
import type { CreateNode, Host } from './world/host.ts'
import { Troubles } from './world/troubles.ts'
import { World } from './world/world.ts'

/** How often it is looked whether all is settled: how exactly `settledAfterMs` is known. */
const PROBE_MS = 50
/** Rings that the nodes of a run share: more than there are views of the mesh at one time. */
const RINGS_KEPT = 64
/** Likewise joins of documents. */
const MERGES_KEPT = 1_024

/** What came of one run. */
export interface Outcome extends FigureValues {
  readonly seed: number
  readonly nodes: number
  /** Hash over every event and output, in order: equal for every run of one scenario. */
  readonly traceDigest: string
  readonly violations: readonly Violation[]
  readonly steps: number
  readonly events: number
  /** Virtual ms that nodes lived, all together. */
  readonly livedMs: number
  /** From the end of faults until all was settled, ms; undefined when it never was. */
  readonly settledAfterMs: number | undefined
  /** Records authored in the whole mesh since it began, and the serial they led to. */
  readonly authored: number
  readonly serial: number
  /** Who is in the configuration of the first node that lives at the end. */
  readonly members: readonly Pick<Member, 'id' | 'incarnation' | 'state'>[]
  /** Sent by all nodes: frames on links and hops of announcements. */
  readonly bytes: number
  readonly messages: number
  /** Checks of silent members, and accusations. */
  readonly checks: number
  readonly accusations: number
  /** Bytes of what carries the configuration or asks for it. */
  readonly configurationBytes: number
  /** Calls of programs, by how they ended: hit, miss, done, or the code of an error. */
  readonly calls: Readonly<Record<string, number>>
  /** How often each herd of programs loaded the key that it missed, of those that were judged. */
  readonly herdLoads: readonly number[]
  /** How many times as many reads the busiest node answered as nodes do on average; undefined: that was not the question. */
  readonly spread: number | undefined
  /** How long each read of a program took that was answered, before the reads at the end of the run, ms. */
  readonly readMs: readonly number[]
}

export interface SimulateOptions {
  /** Gets a line for everything that happens. */
  readonly print?: (line: string) => void
  /** Makes each node; for proving that a node which lacks a protection is found out. */
  readonly createNode?: CreateNode
  /** Likewise what handles requests in each. */
  readonly createRequests?: CreateRequests
}

/** Runs one scenario from its start to its end. The outcome is a function of the scenario. */
export function simulate(scenario: Scenario, options: SimulateOptions = {}): Outcome {
  const trace = new Trace(options.print)
  const serials = new Serials()
  const figures = new Figures(scenario.measures)
  const create: CreateNode = options.createNode ?? ((node, at) => new NodeCore(node, at))
  const leaseMs = scenario.workload?.leaseMs
  // What the mesh is founded with: with a lease copies of whatever is read.
  const settings = { ...(leaseMs !== undefined && { leaseMs, copyAbove: 0 }), ...scenario.settings }
  const initial = Object.keys(settings).length > 0 && { initial: { settings } }
  const shared = { rings: new Rings(RINGS_KEPT), merges: new Merges(MERGES_KEPT) }
  const createNode: CreateNode = (node, at) => create({ ...node, ...initial, ...shared }, at)
  const { createRequests = realRequests } = options
  const workload =
    scenario.workload && new Workload({ plan: scenario.workload, scenario, trace, create: createRequests })
  const world = new World(scenario, {
    trace,
    createNode,
    checkers: hosts => [
      new NeverBackwards(),
      serials,
      new ReservedPartition(),
      new Orderly(),
      ...figures.checkers(hosts),
      ...(workload?.checkers(hosts) ?? []),
    ],
  })
  if (workload) workload.world = world
  new Troubles(world, scenario)
  const { changesFrom } = scenario.measures ?? {}
  if (changesFrom !== undefined)
    world.queue.at(changesFrom, () => {
      for (const host of world.hosts) host.configurationBytes = 0
    })
  world.runUntil(scenario.calmAt)
  const settledAfterMs = settle(world, scenario)
  if (settledAfterMs !== undefined) stayQuiet(world, scenario)
  world.finish()
  const { hosts, queue } = world
  return {
    seed: scenario.seed,
    nodes: hosts.length,
    traceDigest: trace.digest,
    violations: world.violations,
    steps: world.steps,
    events: queue.happened,
    livedMs: world.livedMs,
    ...figures.read(),
    settledAfterMs,
    authored: serials.authored,
    serial: Math.max(0, ...world.living.map(host => host.core.configuration.version.serial)),
    members: world.living[0]?.core.configuration.members.map(pickMember) ?? [],
    bytes: hosts.reduce((sum, host) => sum + host.sentBytes, 0),
    messages: hosts.reduce((sum, host) => sum + host.sentMessages, 0),
    checks: hosts.reduce((sum, host) => sum + host.suspicions.checking, 0),
    accusations: hosts.reduce((sum, host) => sum + host.suspicions.accused, 0),
    configurationBytes: hosts.reduce((sum, host) => sum + host.configurationBytes, 0),
    calls: Object.fromEntries(workload?.results ?? []),
    herdLoads: workload?.herdLoads ?? [],
    spread: workload?.spread,
    readMs: workload?.readMs ?? [],
  }
}

function pickMember({ id, incarnation, state }: Member): Outcome['members'][number] {
  return { id, incarnation, state }
}

/**
 * Liveness: after faults end, all must be settled within a bound. It may look so for a moment while an accusation of the
 * last fault is still on its way to a member that will answer it: what is settled has been so for a while.
 */
function settle(world: World, { calmAt }: Scenario): number | undefined {
  const settlement = new Settlement(world.living)
  let since: number | undefined
  let held: readonly Configuration[] = []
  for (let at = calmAt; !world.spoilt; at += PROBE_MS) {
    world.runUntil(at)
    const { living } = world
    const fault = settlement.fault(living)
    if (fault !== undefined) since = undefined
    else if (since === undefined || (living.length > 1 && changed(living, held))) {
      since = at
      held = living.map(host => host.core.configuration)
    }
    const late = at >= calmAt + SETTLE_MS && (since === undefined || since > calmAt + SETTLE_MS)
    const steady = since !== undefined && at >= since + STEADY_MS
    const reported = steady
      ? settlement.deepFault(living)
      : late
        ? (fault ?? 'nothing stays as it is')
        : undefined
    if (reported !== undefined) {
      world.violated(world.hosts[0] as Host, 'settlement', `after ${at - calmAt} ms of calm ${reported}`)
      return undefined
    }
    if (steady) return (since as number) - calmAt
  }
  return undefined
}

function changed(living: readonly Host[], held: readonly Configuration[]): boolean {
  return living.some((host, place) => host.core.configuration !== held[place])
}

/** What is settled stays as it is: nobody has a reason to write, to dial a living node, or to lose a link. */
function stayQuiet(world: World, { calmAt, endsAt }: Scenario): void {
  const settledAt = world.queue.now
  const settled = world.living.map(host => host.core.configuration)
  world.runUntil(endsAt)
  const kept = new KeptDigests()
  world.living.forEach((host, place) => {
    const fault = reservedFault(host, kept)
    if (fault !== undefined) world.violated(host, 'reserved', fault)
    // A node alone gives up the others in its own time.
    if (world.living.length > 1 && host.core.configuration !== settled[place])
      world.violated(
        host,
        'settlement',
        `settled ${settledAt - calmAt} ms after calm, its configuration changed again`,
      )
  })
  const fault = new Settlement(world.living).fault(world.living)
  if (fault !== undefined) world.violated(world.hosts[0] as Host, 'settlement', `settled and then ${fault}`)
}
