import type { Dice } from '../chance/dice.ts'
import { addressOf } from './draw-hosts.ts'
import type { Fault, HostPlan, Ways } from './scenario.ts'
import { STARTS_AT } from './times.ts'

/** Whom trouble may befall. */
interface Crowd {
  readonly count: number
  /** These always come back, where they were: a mesh whose bootstrap peers are gone takes nobody in. */
  readonly seeds: ReadonlySet<number>
  /** These may stay away for good. */
  readonly mortal: ReadonlySet<number>
  /** All processes keep their memory: they will need it to find each other. */
  readonly remembering: boolean
}

type FaultBody = Fault extends infer F ? (F extends Fault ? Omit<F, 'at'> : never) : never

const DRAWS: readonly {
  readonly perMinuteMax: number
  readonly draw: (dice: Dice, crowd: Crowd) => FaultBody
}[] = [
  { perMinuteMax: 20, draw: crash },
  { perMinuteMax: 10, draw: powerLoss },
  { perMinuteMax: 10, draw: leave },
  { perMinuteMax: 1, draw: restartAll },
  { perMinuteMax: 20, draw: freeze },
  { perMinuteMax: 3, draw: starve },
  { perMinuteMax: 60, draw: breakLink },
  { perMinuteMax: 10, draw: cut },
  { perMinuteMax: 10, draw: silentCut },
  { perMinuteMax: 20, draw: part },
  { perMinuteMax: 5, draw: flap },
  { perMinuteMax: 3, draw: swizzle },
  { perMinuteMax: 5, draw: slow },
  { perMinuteMax: 10, draw: clock },
  { perMinuteMax: 10, draw: gateway },
  { perMinuteMax: 5, draw: fillCache },
]

/** How often the bootstrap peers go for good. */
const SEEDS_GO = 0.1

export function drawFaults(dice: Dice, hosts: readonly HostPlan[], calmAt: number): Fault[] {
  const faults: Fault[] = []
  const seedsGo = dice.chance(SEEDS_GO)
  const crowd = drawCrowd(dice, hosts, seedsGo)
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
  if (seedsGo && crowd.seeds.size < hosts.length) {
    const allStartedAt = Math.max(...hosts.map(({ startsAt }) => startsAt))
    faults.push({ at: dice.between(allStartedAt, calmAt), kind: 'seeds-gone', hosts: [...crowd.seeds] })
  }
  return faults.sort((a, b) => a.at - b.at)
}

function drawCrowd(dice: Dice, hosts: readonly HostPlan[], remembering: boolean): Crowd {
  const named = new Set(hosts.flatMap(plan => plan.seeds))
  const indices = [...hosts.keys()]
  const seeds = new Set(indices.filter(index => index === 0 || named.has((hosts[index] as HostPlan).address)))
  const others = indices.filter(index => !seeds.has(index))
  return {
    count: hosts.length,
    seeds,
    mortal: new Set(dice.sample(others, dice.below(1 + Math.ceil(others.length / 3)))),
    remembering,
  }
}

function crash(dice: Dice, crowd: Crowd): FaultBody {
  const back = { kind: 'crash', ...drawAbsence(dice, crowd) } as const
  // Who moves cannot be found by the others' memory alone.
  if (crowd.seeds.has(back.host) || crowd.remembering || dice.chance(0.8)) return back
  // Addresses of its own: no two hosts ever share one.
  return { ...back, movesTo: addressOf(crowd.count * (1 + dice.below(100)) + back.host) }
}

function powerLoss(dice: Dice, crowd: Crowd): FaultBody {
  return { kind: 'power-loss', ...drawAbsence(dice, crowd) }
}

function leave(dice: Dice, crowd: Crowd): FaultBody {
  return { kind: 'leave', ...drawAbsence(dice, crowd) }
}

function drawAbsence(dice: Dice, crowd: Crowd) {
  const host = dice.below(crowd.count)
  const awayMs = dice.magnitude(10, 60_000)
  const downMs = crowd.mortal.has(host) && dice.chance(0.5) ? Number.POSITIVE_INFINITY : awayMs
  return { host, downMs, memory: dice.chance(0.5) || crowd.remembering }
}

function restartAll(dice: Dice): FaultBody {
  return { kind: 'restart-all', withinMs: dice.magnitude(1, 5_000), downMs: dice.magnitude(10, 10_000) }
}

function freeze(dice: Dice, { count }: Crowd): FaultBody {
  return { kind: 'freeze', host: dice.below(count), forMs: dice.magnitude(100, 60_000) }
}

function starve(dice: Dice, { count }: Crowd): FaultBody {
  return {
    kind: 'starve',
    host: dice.below(count),
    forMs: dice.magnitude(5_000, 60_000),
    pauseMs: 2_000,
    betweenMs: dice.magnitude(50, 2_000),
  }
}

function breakLink(dice: Dice, crowd: Crowd): FaultBody {
  return { kind: 'break', hosts: drawPair(dice, crowd) }
}

function cut(dice: Dice, crowd: Crowd): FaultBody {
  return { kind: 'cut', hosts: drawSide(dice, crowd), forMs: dice.magnitude(100, 60_000) }
}

function silentCut(dice: Dice, crowd: Crowd): FaultBody {
  const hosts = drawSide(dice, crowd)
  return { kind: 'silent-cut', hosts, ways: drawWays(dice), forMs: dice.magnitude(100, 60_000) }
}

function part(dice: Dice, crowd: Crowd): FaultBody {
  const hosts = drawPair(dice, crowd)
  return { kind: 'part', hosts, ways: drawWays(dice), forMs: dice.magnitude(100, 60_000) }
}

function flap(dice: Dice, crowd: Crowd): FaultBody {
  return {
    kind: 'flap',
    hosts: drawPair(dice, crowd),
    periodMs: dice.magnitude(200, 5_000),
    forMs: dice.magnitude(1_000, 60_000),
  }
}

function swizzle(dice: Dice, { count }: Crowd): FaultBody {
  return { kind: 'swizzle', pairs: 1 + dice.below(2 * count), forMs: dice.magnitude(1_000, 60_000) }
}

function slow(dice: Dice, { count }: Crowd): FaultBody {
  return {
    kind: 'slow',
    host: dice.below(count),
    delayMs: dice.magnitude(50, 500),
    forMs: dice.magnitude(1_000, 60_000),
  }
}

function clock(dice: Dice, { count }: Crowd): FaultBody {
  const byMs = dice.magnitude(100, 7_200_000)
  return { kind: 'clock', host: dice.below(count), byMs: dice.chance(0.5) ? byMs : -byMs }
}

function gateway(dice: Dice, { count }: Crowd): FaultBody {
  return { kind: 'gateway', host: dice.below(count), port: 1024 + dice.below(60_000) }
}

function fillCache(dice: Dice, { count }: Crowd): FaultBody {
  return { kind: 'fill-cache', host: dice.below(count) }
}

/** One host, or any number of them but all. */
function drawSide(dice: Dice, { count }: Crowd): number[] {
  const indices = Array.from({ length: count }, (_, index) => index)
  return dice.sample(indices, dice.chance(0.5) ? 1 : 1 + dice.below(Math.max(1, count - 1)))
}

function drawPair(dice: Dice, { count }: Crowd): [number, number] {
  return [dice.below(count), dice.below(count)]
}

function drawWays(dice: Dice): Ways {
  return dice.pick(['both', 'in', 'out'] as const)
}
