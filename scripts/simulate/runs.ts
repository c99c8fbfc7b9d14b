// Which runs a command stands for. Each is a function of what is in it, and can be sent to a thread.
import {
  NAIVE,
  namedScenario,
  type Outcome,
  PROTECTIONS,
  type Protection,
  type Scenario,
  type ScenarioName,
  simulate,
} from '@cachemesh/simulator'
import type { SimulateCommand } from './command.ts'

export interface Run {
  readonly scenario: ScenarioName
  readonly seed: number
  readonly nodes: number
  readonly durationMs: number
  readonly loss?: number
  readonly detector?: 'naive'
  readonly without?: readonly Protection[]
}

/** Runs whose results are summed up together. */
export interface Batch {
  /** What to call it beside others. */
  readonly title: string
  readonly runs: readonly Run[]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** The first batch is what was asked for; those after it are rows of a table. */
export function planBatches(command: SimulateCommand): Batch[] {
  const { mix, scenario, nodes, durationMs, firstSeed, seeds, loss, detector, without } = command
  const numbers = Array.from({ length: seeds }, (_, index) => firstSeed + index)
  const changed = {
    ...(loss === undefined ? {} : { loss }),
    ...(detector && { detector }),
    ...(without.length > 0 && { without }),
  }
  if (mix === undefined) {
    const runs = numbers.map(seed => ({ scenario, seed, nodes, durationMs, ...changed }))
    return [{ title: scenario, runs }]
  }
  const runs = numbers.map(seed => ({ ...mixed(seed), ...changed }))
  return [{ title: mix, runs }, ...(mix === 'nightly' ? [3, 10, 100].flatMap(thousandNodeHours) : [])]
}

/** What a seed of a mix stands for: most meshes are small, and a small one goes through more in less time. */
export function mixed(seed: number): Run {
  const scenario = 'storm'
  const place = seed % 100
  if (place === 99) return { scenario, seed, nodes: 100, durationMs: MINUTE_MS }
  if (place >= 80) return { scenario, seed, nodes: 30, durationMs: 2 * MINUTE_MS }
  return { scenario, seed, nodes: 3 + (seed % 8), durationMs: 10 * MINUTE_MS }
}

/** The rows about false removals. */
function thousandNodeHours(nodes: number): Batch[] {
  const seeds = Array.from({ length: Math.ceil(1_000 / nodes) }, (_, index) => index + 1)
  return (['healthy', 'lossy'] as const).map(scenario => ({
    title: `${scenario} ${nodes}`,
    runs: seeds.map(seed => ({ scenario, seed, nodes, durationMs: HOUR_MS })),
  }))
}

export function perform({ scenario: name, ...options }: Run, print?: (line: string) => void): Outcome {
  const scenario = namedScenario(name, options)
  return simulate(weakened(scenario, options), print ? { print } : {})
}

/** Nodes that lack something are not held to what must hold: what happens to them is counted. */
function weakened(
  scenario: Scenario,
  { detector, without = [] }: Pick<Run, 'detector' | 'without'>,
): Scenario {
  if (detector === undefined && without.length === 0) return scenario
  const { measures, ...rest } = scenario
  const rules = Object.assign({}, detector && NAIVE, ...without.map(name => PROTECTIONS[name]))
  return { ...rest, rules }
}

/** The command that does this run again. */
export function replayCommand(run: Run): string {
  const { scenario, seed, nodes, durationMs, loss, detector, without = [] } = run
  const options = [
    ...(scenario === 'storm' ? [] : ['--scenario', scenario]),
    ...['--nodes', nodes, '--minutes', durationMs / MINUTE_MS],
    ...(loss === undefined ? [] : ['--loss', loss]),
    ...(detector === undefined ? [] : ['--detector', detector]),
    ...without.flatMap(name => ['--without', name]),
    ...['--seed', seed],
  ]
  return `npm run simulate -- ${options.join(' ')}`
}
