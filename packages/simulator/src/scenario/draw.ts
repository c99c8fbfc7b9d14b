// Scenarios by swarm testing (Groce et al., 2012): each run leaves many kinds of trouble out and takes the
// others in strengths of its own, because kinds that are always mixed hide each other's bugs.

import { Dice } from '../chance/dice.ts'
import type { Fault, HostPlan, Scenario, Weather } from './scenario.ts'

export interface ScenarioOptions {
  readonly seed: number
  readonly nodes: number
  /** Virtual ms of the whole run; at least `SCENARIO_MS_MIN`. */
  readonly durationMs: number
  /** Of frames and announcements, instead of a drawn one. */
  readonly loss?: number
}

/** All must be settled this long after faults end. */
export const SETTLE_MS = 30_000
/** And then nothing may change any more. */
export const QUIET_MS = 10_000
export const SCENARIO_MS_MIN: number = SETTLE_MS + QUIET_MS + 20_000

/** Time starts at 1: core and cache take 0 for "never". */
export const STARTS_AT = 1

export function drawScenario(options: ScenarioOptions): Scenario {
  const dice = new Dice(options.seed, 'scenario')
  const calmAt = STARTS_AT + options.durationMs - SETTLE_MS - QUIET_MS
  const weather = drawWeather(dice.fork(), options.loss)
  const hosts = drawHosts(dice.fork(), options.nodes, calmAt)
  return {
    seed: options.seed,
    meshId: 'simulated',
    hosts,
    weather,
    faults: drawFaults(dice.fork(), hosts, calmAt),
    calmAt,
    endsAt: STARTS_AT + options.durationMs,
  }
}

function drawWeather(dice: Dice, fixedLoss: number | undefined): Weather {
  const sometimes = (max: number): number => (dice.chance(0.5) ? 0 : dice.between(0, max))
  const loss = sometimes(0.3)
  const announcementLoss = dice.chance(0.15) ? 1 : sometimes(0.5)
  return {
    delayMs: dice.magnitude(0.05, 50),
    jitterMs: dice.magnitude(0.05, 100),
    loss: fixedLoss ?? loss,
    announcementLoss: fixedLoss ?? announcementLoss,
    duplicates: sometimes(0.3),
    reorderMs: dice.chance(0.5) ? 0 : dice.magnitude(10, 2_000),
    setUpMs: dice.magnitude(1, 1_000),
    dialFailure: sometimes(0.5),
    noticeMs: dice.magnitude(1, 5_000),
  }
}

function drawHosts(dice: Dice, count: number, calmAt: number): HostPlan[] {
  const seedCount = Math.min(count, 1 + dice.below(3))
  const seedAddresses = Array.from({ length: seedCount }, (_, index) => addressOf(index))
  // All at once, or one after another through a part of the run.
  const startWithinMs = Math.min(dice.chance(0.3) ? 100 : dice.magnitude(100, calmAt), calmAt * 0.8)
  const founderKnowsSeeds = dice.chance(0.5)
  const skewMs = dice.chance(0.5) ? 0 : dice.magnitude(10, 60_000)
  const weighted = dice.chance(0.2)
  const lateMaxMs = dice.chance(0.5) ? 0 : dice.magnitude(1, 200)
  return seedAddresses
    .concat(Array.from({ length: count - seedCount }, (_, index) => addressOf(seedCount + index)))
    .map((address, index) => ({
      id: nodeId(dice, index),
      address,
      seeds: drawSeeds(dice, index, { seedAddresses, founderKnowsSeeds }),
      startsAt: STARTS_AT + (index === 0 && dice.chance(0.7) ? 0 : dice.between(0, startWithinMs)),
      weight: weighted ? dice.pick([0, 0.5, 1, 2]) : 1,
      clockSkewMs: dice.between(-skewMs, skewMs),
      lateMaxMs,
    }))
}

/** The first host founds the mesh; all others know it, some other bootstrap peers too. */
function drawSeeds(
  dice: Dice,
  index: number,
  known: { seedAddresses: readonly string[]; founderKnowsSeeds: boolean },
): string[] {
  const { seedAddresses, founderKnowsSeeds } = known
  if (index === 0) return founderKnowsSeeds ? [...seedAddresses] : []
  const others = seedAddresses.slice(1)
  return [seedAddresses[0] as string, ...dice.sample(others, dice.below(others.length + 1))]
}

/** Whom trouble may befall. */
interface Crowd {
  readonly count: number
  /** These always come back, where they were: a mesh whose bootstrap peers are gone takes nobody in. */
  readonly seeds: ReadonlySet<number>
  /** These may stay away for good. */
  readonly mortal: ReadonlySet<number>
}

type FaultBody = Fault extends infer F ? (F extends Fault ? Omit<F, 'at'> : never) : never

const DRAWS: readonly {
  readonly perMinuteMax: number
  readonly draw: (dice: Dice, crowd: Crowd) => FaultBody
}[] = [
  { perMinuteMax: 20, draw: crash },
  { perMinuteMax: 10, draw: leave },
  { perMinuteMax: 60, draw: breakLink },
  { perMinuteMax: 10, draw: cut },
  { perMinuteMax: 10, draw: gateway },
  { perMinuteMax: 5, draw: fillCache },
]

function drawFaults(dice: Dice, hosts: readonly HostPlan[], calmAt: number): Fault[] {
  const faults: Fault[] = []
  const crowd = drawCrowd(dice, hosts)
  const leftOut = dice.pick([0.2, 0.5, 0.8])
  for (const { perMinuteMax, draw } of DRAWS) {
    const own = dice.fork()
    if (own.chance(leftOut)) continue
    // Trouble of one kind per minute in the whole mesh, more in a larger one.
    const perMs = (own.magnitude(0.05, 1) * perMinuteMax * (1 + hosts.length / 10)) / 60_000
    for (let at = STARTS_AT; ; ) {
      // Exponential gaps: events of a Poisson process.
      at += -Math.log(1 - own.between(0, 1)) / perMs
      if (at >= calmAt) break
      faults.push({ at, ...draw(own, crowd) })
    }
  }
  return faults.sort((a, b) => a.at - b.at)
}

function drawCrowd(dice: Dice, hosts: readonly HostPlan[]): Crowd {
  const named = new Set(hosts.flatMap(plan => plan.seeds))
  const indices = [...hosts.keys()]
  const seeds = new Set(indices.filter(index => index === 0 || named.has((hosts[index] as HostPlan).address)))
  const others = indices.filter(index => !seeds.has(index))
  return {
    count: hosts.length,
    seeds,
    mortal: new Set(dice.sample(others, dice.below(1 + Math.ceil(others.length / 3)))),
  }
}

function crash(dice: Dice, crowd: Crowd): FaultBody {
  const host = dice.below(crowd.count)
  const memory = dice.chance(0.5)
  const back = { kind: 'crash', host, downMs: drawAbsence(dice, crowd, host), memory } as const
  if (crowd.seeds.has(host) || dice.chance(0.8)) return back
  // Addresses of its own: no two hosts ever share one.
  return { ...back, movesTo: addressOf(crowd.count * (1 + dice.below(100)) + host) }
}

function leave(dice: Dice, crowd: Crowd): FaultBody {
  const host = dice.below(crowd.count)
  return { kind: 'leave', host, downMs: drawAbsence(dice, crowd, host), memory: dice.chance(0.5) }
}

function drawAbsence(dice: Dice, { mortal }: Crowd, host: number): number {
  const awayMs = dice.magnitude(10, 60_000)
  return mortal.has(host) && dice.chance(0.5) ? Number.POSITIVE_INFINITY : awayMs
}

function breakLink(dice: Dice, { count }: Crowd): FaultBody {
  return { kind: 'break', hosts: [dice.below(count), dice.below(count)] }
}

function cut(dice: Dice, { count }: Crowd): FaultBody {
  const indices = Array.from({ length: count }, (_, index) => index)
  const away = dice.sample(indices, dice.chance(0.5) ? 1 : 1 + dice.below(Math.max(1, count - 1)))
  return { kind: 'cut', hosts: away, forMs: dice.magnitude(100, 60_000) }
}

function gateway(dice: Dice, { count }: Crowd): FaultBody {
  return { kind: 'gateway', host: dice.below(count), port: 1024 + dice.below(60_000) }
}

function fillCache(dice: Dice, { count }: Crowd): FaultBody {
  return { kind: 'fill-cache', host: dice.below(count) }
}

function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:7400`
}

/** As long as a peer id, so that bytes on the wire are those of a real mesh; its number is readable in it. */
function nodeId(dice: Dice, index: number): string {
  const letters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let id = ''
  while (id.length < 40) id += letters[dice.below(letters.length)]
  return `12D3KooW${id}${String(index).padStart(4, '0')}`
}
