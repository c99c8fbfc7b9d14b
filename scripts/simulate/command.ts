// What `npm run simulate` was asked to do.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import {
  PROTECTION_NAMES,
  type Protection,
  SCENARIO_MS_MIN,
  SCENARIO_NAMES,
  type ScenarioName,
} from '@cachemesh/simulator'

export interface SimulateCommand {
  readonly scenario: ScenarioName
  /** Many sizes and lengths of storms instead of one. */
  readonly mix?: Mix
  readonly nodes: number
  readonly firstSeed: number
  readonly seeds: number
  readonly durationMs: number
  /** In place of the scenario's own. */
  readonly loss?: number
  /** Another detector than that of a real node. */
  readonly detector?: 'naive'
  /** Protections that all nodes lack. */
  readonly without: readonly Protection[]
  readonly workers: number
  /** Seeds that have not begun when this time is over are left out, ms. */
  readonly withinMs: number
  readonly format: 'json' | 'table'
  readonly trace: boolean
}

export const MIXES = ['ci', 'nightly'] as const
export type Mix = (typeof MIXES)[number]

const NEVER = Number.POSITIVE_INFINITY

const MIX_SEEDS: Readonly<Record<Mix, number>> = { ci: 1_000, nightly: 10_000 }

/** How long a run of a scenario takes when nobody says; the others last as long as their story. */
const MINUTES: Partial<Record<ScenarioName, number>> = {
  healthy: 60,
  lossy: 60,
  starved: 60,
  change: 3,
  loss30: 3,
}

/**
 * How many nodes take part when nobody says. What is said about even load is said about five: of many nodes the hottest key
 * alone is more than each should have.
 */
const NODES = 10
const NODES_OF: Partial<Record<ScenarioName, number>> = { zipf: 5, shared: 5 }

export const usage: string = `usage: npm run simulate -- [options]
  --scenario S  what happens: ${SCENARIO_NAMES.join(' ')} (storm)
  --mix M       storms of many sizes: ci or nightly, in place of --scenario, --nodes and --minutes
  --nodes N     nodes of each mesh, 1 to 10000 (10; 5 for zipf and shared)
  --seeds N     how many seeds to run, from 1 on or from --seed on (20; 1 with --seed)
  --seed N      the seed to replay, or the first of several
  --minutes M   virtual time of a run, at least ${SCENARIO_MS_MIN / 60_000} (2; 60 for healthy, lossy and starved)
  --hours H     the same in hours
  --loss P      share of frames and announcements that get lost, 0 to 1 (as in the scenario)
  --detector D  naive: one that removes whoever misses two beats, as a baseline
  --without P   a protection that all nodes lack, more than once for several: ${PROTECTION_NAMES.join(' ')}
  --workers N   threads (as many as there are processors); the result does not depend on it
  --within S    seconds: seeds that have not begun by then are left out (none)
  --format F    table (default) or json: one last line
  --trace       print everything that happens; with one seed only`

/** Bad usage; the message says what is wrong. */
export class UsageError extends Error {}

type Values = ReturnType<typeof parse>

/** Throws UsageError. */
export function readCommand(args: readonly string[]): SimulateCommand {
  const values = parse(args)
  const scenario = oneOf('scenario', values.scenario ?? 'storm', SCENARIO_NAMES)
  const mix = values.mix === undefined ? undefined : oneOf('mix', values.mix, MIXES)
  const format = oneOf('format', values.format ?? 'table', ['table', 'json'] as const)
  for (const name of ['scenario', 'nodes', 'minutes', 'hours'] as const) {
    if (mix !== undefined && values[name] !== undefined)
      throw new UsageError(`--mix says what --${name} would; give one of them`)
  }
  const seedsUsual = mix === undefined ? 20 : MIX_SEEDS[mix]
  const seeds = whole(values, 'seeds', values.seed === undefined ? seedsUsual : 1, [1, 1_000_000])
  const trace = values.trace === true
  if (trace && seeds > 1) throw new UsageError('--trace is for one seed; give --seed')
  return {
    scenario,
    ...(mix && { mix }),
    nodes: whole(values, 'nodes', NODES_OF[scenario] ?? NODES, [1, 10_000]),
    firstSeed: whole(values, 'seed', 1, [0, 2 ** 40 - 1]),
    seeds,
    durationMs: readDuration(values, MINUTES[scenario] ?? 2),
    ...(values.loss === undefined ? {} : { loss: number(values, 'loss', 0, [0, 1]) }),
    ...(values.detector && { detector: oneOf('detector', values.detector, ['naive'] as const) }),
    without: (values.without ?? []).map(name => oneOf('without', name, PROTECTION_NAMES)),
    withinMs: values.within === undefined ? NEVER : 1_000 * number(values, 'within', 0, [1, 1_000_000]),
    workers: trace ? 1 : whole(values, 'workers', availableParallelism(), [1, 1_024]),
    format,
    trace,
  }
}

function readDuration(values: Values, usualMinutes: number): number {
  if (values.minutes !== undefined && values.hours !== undefined)
    throw new UsageError('--minutes and --hours are the same option; give one of them')
  const minutesMin = SCENARIO_MS_MIN / 60_000
  const minutes =
    values.hours === undefined
      ? number(values, 'minutes', usualMinutes, [minutesMin, 1_000_000])
      : 60 * number(values, 'hours', 0, [minutesMin / 60, 10_000])
  return minutes * 60_000
}

function number(
  values: Values,
  name: keyof Values,
  fallback: number,
  bounds: readonly [number, number],
): number {
  const text = values[name]
  if (text === undefined) return fallback
  const value = Number(text)
  const [min, max] = bounds
  if (typeof text === 'string' && text.trim() !== '' && value >= min && value <= max) return value
  throw new UsageError(`--${name} ${String(text)} is not a number from ${min} to ${max}`)
}

function whole(...asked: Parameters<typeof number>): number {
  const value = number(...asked)
  if (!Number.isInteger(value)) throw new UsageError(`--${asked[1]} ${value} is not a whole number`)
  return value
}

function oneOf<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find(other => other === value)
  if (found === undefined) throw new UsageError(`--${name} ${value} is none of ${known.join(', ')}`)
  return found
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        scenario: text,
        mix: text,
        nodes: text,
        seeds: text,
        seed: text,
        minutes: text,
        hours: text,
        loss: text,
        detector: text,
        without: { type: 'string', multiple: true },
        workers: text,
        within: text,
        format: text,
        trace: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    return values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
