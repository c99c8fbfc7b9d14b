// Scenarios with a name: each puts one question to a mesh that has been whole for long, and says what is measured.

import { Dice } from '../chance/dice.ts'
import type { WorkloadPlan } from '../workload/plan.ts'
import { drawScenario, type ScenarioOptions } from './draw.ts'
import type { Fault, Measures, Scenario, Weather } from './scenario.ts'
import { QUIET_MS, SETTLE_MS, STARTS_AT } from './times.ts'
import { FAIR } from './weather.ts'

/** All processes start within this time, and have links, memory of round trips and rhythm after the next. */
const START_WITHIN_MS = 1_000
const WARM_UP_MS = 20_000
const NEVER = Number.POSITIVE_INFINITY
/** Timers of a process that has a processor fire this much late at most. */
const LATE_MAX_MS = 20

/** A thousand callers on all hosts together ask for a key that nobody has ever asked for, again and again. */
const HERDING: WorkloadPlan = {
  keys: 1,
  everyMs: 1e9,
  timeoutMs: 5_000,
  writes: 0,
  deletes: 0,
  valueBytesMax: 10,
  herds: { herds: 40, callers: 1_000, withinMs: 200, loadMsMax: 1_000, ownLoaders: false, written: 0 },
}

/** Programs that write a great deal, and wait for their answers. */
const WRITING: WorkloadPlan = {
  keys: 100,
  everyMs: 100,
  timeoutMs: 5_000,
  writes: 0.4,
  deletes: 0.1,
  valueBytesMax: 1_000,
}

/** Programs that ask for some keys much more than for others, all the time. */
const ASKING: WorkloadPlan = {
  keys: 300,
  everyMs: 4,
  timeoutMs: 5_000,
  writes: 0.02,
  deletes: 0.002,
  valueBytesMax: 100,
  zipf: true,
}

/** Programs that read most of the time. */
const READING: WorkloadPlan = { ...WRITING, keys: 30, everyMs: 40, writes: 0.1, deletes: 0 }

/** Each entry has a replica, and a write is acknowledged when both have it. */
const REPLICATED = { settings: { replicas: 1, ackReplicas: 1 } } as const

/** What makes a scenario: everything but who takes part. */
interface Plot {
  readonly faults?: readonly Fault[]
  readonly weather?: Partial<Weather>
  readonly calmAt?: number
  readonly measures?: Measures
  readonly workload?: WorkloadPlan
  /** So many hosts are on the ring, the others are spare; undefined: all are. */
  readonly standing?: number
}

interface Setting {
  readonly dice: Dice
  readonly count: number
  /** Of the nodes. */
  readonly ids: readonly string[]
  /** When a run ends its faults at the latest, if it is to last as long as it was asked to. */
  readonly calmAt: number
}

const PLOTS = {
  healthy: () => ({ measures: { falseRemovals: 'forbidden' } }),
  lossy: () => ({
    weather: { jitterMs: 50, loss: 0.05, announcementLoss: 0.05 },
    measures: { falseRemovals: 'forbidden' },
  }),
  starved: ({ dice, count, calmAt }) => {
    const starved = { kind: 'starve', host: dice.below(count), pauseMs: 2_000, betweenMs: 400 } as const
    const faults = [{ at: WARM_UP_MS, ...starved, forMs: calmAt - WARM_UP_MS }]
    return { faults, measures: { falseRemovals: 'forbidden' } }
  },
  crash: setting => gone(setting, 'power-loss', { share: 0, withinMs: 10_000 }),
  'crash-closed': setting => gone(setting, 'crash', { share: 0, withinMs: 10_000 }),
  'mass-crash': setting => gone(setting, 'power-loss', { share: 0.3, withinMs: 20_000 }),
  minority: setting =>
    cutOff(setting, { size: Math.max(1, Math.floor((setting.count - 1) / 2)), withinMs: 12_000 }),
  alone: setting => cutOff(setting, { size: 1, withinMs: 35_000 }),
  change: setting => ({ faults: changes(setting), measures: { changesFrom: WARM_UP_MS } }),
  loss30: setting => ({
    faults: changes(setting),
    weather: { loss: 0.3, announcementLoss: 0.3 },
    measures: { changesFrom: WARM_UP_MS },
  }),
  heal: ({ dice, count }) => {
    const hosts = drawHosts(dice, count, 1 + dice.below(Math.max(1, count - 1)))
    const forMs = dice.pick([10_000, 60_000, 600_000])
    const at = WARM_UP_MS + dice.between(0, 1_000)
    return {
      faults: [{ at, kind: dice.pick(['cut', 'silent-cut'] as const), ways: 'both', hosts, forMs }],
      calmAt: at + forMs,
      measures: { heal: { withinMs: 10_000 } },
    }
  },
  replicas: setting => ({
    ...replicated(gone(setting, setting.dice.pick(['crash', 'power-loss']), { share: 0, withinMs: 15_000 })),
    workload: WRITING,
    measures: { losses: 'forbidden' },
  }),
  'hand-off': ({ dice, count }) => {
    const at = WARM_UP_MS + dice.between(0, 2_000)
    const host = dice.below(count)
    const leave = { at, kind: 'leave', host, downMs: 5_000, memory: true, handsOver: true } as const
    return { faults: [leave], calmAt: at + 20_000, workload: WRITING, measures: { losses: 'forbidden' } }
  },
  zipf: () => ({
    // With a rate that nodes of a simulation reach.
    faults: [{ at: 2_000, kind: 'setting', host: 0, name: 'copyAbove', value: 20 }],
    calmAt: 100_000,
    workload: ASKING,
    measures: { evenness: { from: 70_000, to: 100_000, most: 1.3 } },
  }),
  'slow-node': ({ dice, count, calmAt }) => {
    const slow = { kind: 'slow', host: dice.below(count), delayMs: 100, forMs: calmAt - WARM_UP_MS } as const
    return {
      ...replicated({ faults: [{ at: WARM_UP_MS, ...slow }] }),
      workload: READING,
      measures: { losses: 'forbidden', changesFrom: WARM_UP_MS },
    }
  },
  // Its process gets a moment now and then: what comes to it waits in its sockets.
  overload: ({ dice, count, calmAt }) => {
    const host = dice.below(count)
    const [from, to] = [WARM_UP_MS + 3_000, calmAt - 1_000]
    const busy = { kind: 'starve', host, pauseMs: 350, betweenMs: 2, forMs: calmAt - WARM_UP_MS } as const
    const plot: Plot = { faults: [{ at: WARM_UP_MS, ...busy }], workload: { ...READING, everyMs: 20 } }
    const isReplicated = dice.chance(0.5)
    // Reads are answered by those who keep the entries too. Without them a part of the ring has nobody.
    const goodput = isReplicated ? 0.9 : 1 - 2 / count
    const overload = { host, from, to, withinMs: 1_000, goodput }
    return { ...(isReplicated ? replicated(plot) : plot), measures: { falseRemovals: 'forbidden', overload } }
  },
  partitions: setting => ({
    faults: rearrangements(setting),
    workload: WRITING,
    measures: { losses: 'forbidden' },
  }),
  // The first of twelve keys is a third of all that is asked for: 1.6 times the mean, wherever its arc is, unless it is shared.
  shared: () => ({
    calmAt: 100_000,
    workload: { ...ASKING, keys: 12 },
    measures: { evenness: { from: 70_000, to: 100_000, most: 1.6 } },
  }),
  spare: ({ dice }) => {
    const at = WARM_UP_MS + dice.between(0, 2_000)
    const kind = dice.pick(['crash', 'power-loss'] as const)
    const faults = [0, 1].map(host => ({ at, kind, host, downMs: 20_000, memory: true }))
    return { faults, calmAt: at + 40_000, workload: WRITING, standing: 2 }
  },
  herd: () => ({ measures: {}, workload: HERDING }),
  'herd-change': ({ dice, count, calmAt }) => ({
    faults: departures({ dice, count, calmAt }),
    workload: HERDING,
  }),
} as const satisfies Record<string, (setting: Setting) => Plot>

export type ScenarioName = 'storm' | 'storm-replicas' | keyof typeof PLOTS

export const SCENARIO_NAMES: readonly ScenarioName[] = [
  'storm',
  'storm-replicas',
  ...(Object.keys(PLOTS) as (keyof typeof PLOTS)[]),
]

/** The scenario of this name that belongs to a seed. Those that take a time of their own take just that. */
export function namedScenario(name: ScenarioName, options: ScenarioOptions): Scenario {
  const drawn = drawScenario(options)
  if (name === 'storm') return drawn
  if (name === 'storm-replicas') return { ...drawn, ...REPLICATED, workload: drawn.workload ?? WRITING }
  const dice = new Dice(options.seed, 'scenario')
  const plot: Plot = PLOTS[name]({
    dice,
    count: options.nodes,
    ids: drawn.hosts.map(({ id }) => id),
    calmAt: drawn.calmAt,
  })
  const first = drawn.hosts[0]?.address ?? ''
  const hosts = drawn.hosts.map((plan, index) => ({
    ...plan,
    seeds: [first],
    startsAt: STARTS_AT + dice.between(0, START_WITHIN_MS),
    weight: index < (plot.standing ?? options.nodes) ? 1 : 0,
    clockSkewMs: dice.between(-100, 100),
    lateMaxMs: LATE_MAX_MS,
  }))
  const loss = options.loss === undefined ? {} : { loss: options.loss, announcementLoss: options.loss }
  const calmAt = plot.calmAt ?? drawn.calmAt
  return {
    ...drawn,
    hosts,
    weather: { ...FAIR, ...plot.weather, ...loss },
    faults: plot.faults ?? [],
    calmAt,
    endsAt: calmAt + SETTLE_MS + QUIET_MS,
    established: true,
    ...(plot.measures && { measures: plot.measures }),
    ...(plot.workload && { workload: plot.workload }),
  }
}

/** The same where each entry has a replica, and a write is acknowledged when both have it. */
function replicated(plot: Plot): Plot {
  const set = (name: string) => ({ at: 2_000, kind: 'setting', host: 0, name, value: 1 }) as const
  return { ...plot, faults: [set('replicas'), set('ackReplicas'), ...(plot.faults ?? [])] }
}

/** A share of all hosts, or one, is gone for good, at one moment. */
function gone(
  { dice, count }: Setting,
  kind: 'crash' | 'power-loss',
  { share, withinMs }: { share: number; withinMs: number },
): Plot {
  const at = WARM_UP_MS + dice.between(0, 2_000)
  const hosts = drawHosts(dice, count, Math.max(1, Math.ceil(count * share)))
  return {
    faults: hosts.map(host => ({ at, kind, host, downMs: NEVER, memory: false })),
    calmAt: at + withinMs,
    measures: { detection: { withinMs } },
  }
}

/** Some hosts are cut off in silence for so long that they have to give the others up. */
function cutOff({ dice, count }: Setting, { size, withinMs }: { size: number; withinMs: number }): Plot {
  const at = WARM_UP_MS + dice.between(0, 2_000)
  const hosts = drawHosts(dice, count, size)
  const forMs = withinMs + 5_000
  return {
    faults: [{ at, kind: 'silent-cut', hosts, ways: 'both', forMs }],
    calmAt: at + forMs,
    measures: { detection: { withinMs, watchers: hosts } },
  }
}

/** One node changes its record, and when everybody had the time to hear of it, another one. */
function changes({ dice, count, calmAt }: Setting): Fault[] {
  const faults: Fault[] = []
  for (let at = WARM_UP_MS; at < calmAt; at += 10_000)
    faults.push({ at, kind: 'gateway', host: dice.below(count), port: 1_024 + faults.length })
  return faults
}

/** Rules of the namespace change, and parts of the ring are given to others by hand, again and again. */
function rearrangements({ dice, count, calmAt, ids }: Setting): Fault[] {
  const faults: Fault[] = []
  const some = (): string[] => dice.sample(ids, 1 + dice.below(2))
  for (let at = WARM_UP_MS; at < calmAt - 5_000; at += dice.between(2_000, 8_000)) {
    const rules = [
      { prefix: 'key 1', by: 'prefix' },
      { prefix: `key ${2 + dice.below(3)}`, members: some() },
      { prefix: 'key 5', by: dice.pick(['prefix', 'directory', 'key']), members: some() },
    ]
    const partition = dice.chance(0.2) ? 'hash' : dice.sample(rules, 1 + dice.below(3))
    const placements = { [dice.below(2 ** 32)]: { members: some() } }
    const change = dice.chance(0.5) ? { namespaces: { default: { partition } } } : { placements }
    faults.push({ at, kind: 'change', host: dice.below(count), change })
  }
  return faults
}

/** Members leave, and come back a little later, one after the other: keys change their owner twice each time. */
function departures({ dice, count, calmAt }: Omit<Setting, 'ids'>): Fault[] {
  const faults: Fault[] = []
  for (let at = WARM_UP_MS; at < calmAt; at += 8_000)
    faults.push({ at, kind: 'leave', host: dice.below(count), downMs: 3_000, memory: true })
  return faults
}

function drawHosts(dice: Dice, count: number, size: number): number[] {
  return dice.sample([...Array(count).keys()], size)
}
