import { drawScenario } from '../scenario/draw.ts'
import type { Fault, HostPlan, Scenario, Weather } from '../scenario/scenario.ts'
import { FAIR } from '../scenario/weather.ts'
import type { WorkloadPlan } from '../workload/plan.ts'

/** Members come and go. */
export const COMING_AND_GOING: readonly Fault[] = [
  { at: 4_000, kind: 'crash', host: 1, downMs: 1_000, memory: true },
  { at: 8_000, kind: 'leave', host: 2, downMs: 3_000, memory: false },
  { at: 12_000, kind: 'freeze', host: 3, forMs: 2_000 },
]

/** Many reads and writes of few keys. */
export const BUSY: WorkloadPlan = {
  keys: 40,
  everyMs: 300,
  timeoutMs: 2_000,
  writes: 0.4,
  deletes: 0.1,
  valueBytesMax: 1_000,
}

interface Story {
  readonly seed: number
  readonly nodes: number
  readonly weather?: Partial<Weather>
  readonly faults?: readonly Fault[]
  /** All start within this time, ms. */
  readonly startWithinMs?: number
  readonly calmAt?: number
  readonly workload?: WorkloadPlan
  readonly plan?: (plan: HostPlan, index: number) => Partial<HostPlan>
}

/** A scenario in which nothing happens but what the story says; all nodes know the first one. */
export function story({
  seed,
  nodes,
  weather,
  faults = [],
  startWithinMs = 100,
  calmAt,
  workload,
  plan,
}: Story): Scenario {
  const { workload: _, ...drawn } = drawScenario({ seed, nodes, durationMs: 60_000 })
  const first = drawn.hosts[0] as HostPlan
  const hosts = drawn.hosts.map((host, index) => ({
    ...host,
    seeds: index === 0 ? [] : [first.address],
    startsAt: 1 + Math.floor((startWithinMs * index) / nodes),
    weight: 1,
    clockSkewMs: 0,
    lateMaxMs: 0,
    ...plan?.(host, index),
  }))
  const calm = calmAt ?? drawn.calmAt
  return {
    ...drawn,
    hosts,
    weather: { ...FAIR, ...weather },
    faults,
    calmAt: calm,
    endsAt: calm + 40_000,
    ...(workload && { workload }),
  }
}
