// `npm run simulate`: many seeds, each a run of the simulator, and what came of them. A run is a function of its
// options and its seed; only the CPU time at the end is measured.
import { parseArgs } from 'node:util'
import {
  describe,
  drawScenario,
  type Outcome,
  SCENARIO_MS_MIN,
  type Summary,
  simulate,
  summarize,
} from '@cachemesh/simulator'
import { isProgram } from './check.ts'

export interface SimulateCommand {
  readonly nodes: number
  readonly firstSeed: number
  readonly seeds: number
  readonly durationMs: number
  /** Drawn from each seed when it is not given. */
  readonly loss?: number
  readonly format: 'json' | 'table'
  readonly trace: boolean
}

const usage = `usage: npm run simulate -- [options]
  --nodes N     nodes of each mesh, 1 to 10000 (10)
  --seeds N     how many seeds to run, from 1 on or from --seed on (20; 1 with --seed)
  --seed N      the seed to replay, or the first of several
  --minutes M   virtual time of a run (2); at least ${SCENARIO_MS_MIN / 60_000}
  --hours H     the same in hours
  --loss P      share of frames and announcements that get lost, 0 to 1 (drawn from each seed)
  --format F    table (default) or json: one last line
  --trace       print everything that happens; with one seed only`

/** Bad usage; the message says what is wrong. */
export class UsageError extends Error {}

/** Throws UsageError. */
export function readCommand(args: readonly string[]): SimulateCommand {
  const values = parse(args)
  const number = (name: keyof typeof values, fallback: number, bounds: readonly [number, number]): number => {
    const text = values[name]
    if (text === undefined) return fallback
    const value = Number(text)
    const [min, max] = bounds
    if (typeof text === 'string' && text.trim() !== '' && value >= min && value <= max) return value
    throw new UsageError(`--${name} ${String(text)} is not a number from ${min} to ${max}`)
  }
  const whole = (name: keyof typeof values, fallback: number, bounds: readonly [number, number]): number => {
    const value = number(name, fallback, bounds)
    if (!Number.isInteger(value)) throw new UsageError(`--${name} ${value} is not a whole number`)
    return value
  }
  if (values.minutes !== undefined && values.hours !== undefined)
    throw new UsageError('--minutes and --hours are the same option; give one of them')
  const minutesMin = SCENARIO_MS_MIN / 60_000
  const minutes =
    values.hours === undefined
      ? number('minutes', 2, [minutesMin, 1_000_000])
      : 60 * number('hours', 0, [minutesMin / 60, 10_000])
  const format = values.format ?? 'table'
  if (format !== 'json' && format !== 'table')
    throw new UsageError(`--format ${format} is neither table nor json`)
  const seeds = whole('seeds', values.seed === undefined ? 20 : 1, [1, 1_000_000])
  const trace = values.trace === true
  if (trace && seeds > 1) throw new UsageError('--trace is for one seed; give --seed')
  return {
    nodes: whole('nodes', 10, [1, 10_000]),
    firstSeed: whole('seed', 1, [0, 2 ** 40 - 1]),
    seeds,
    durationMs: minutes * 60_000,
    ...(values.loss === undefined ? {} : { loss: number('loss', 0, [0, 1]) }),
    format,
    trace,
  }
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        nodes: text,
        seeds: text,
        seed: text,
        minutes: text,
        hours: text,
        loss: text,
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

/** The command that runs one seed of these again. */
export function replayCommand({ nodes, durationMs, loss }: SimulateCommand, seed: number): string {
  const lossOption = loss === undefined ? '' : ` --loss ${loss}`
  return `npm run simulate -- --nodes ${nodes} --minutes ${durationMs / 60_000}${lossOption} --seed ${seed}`
}

function run(command: SimulateCommand): Summary {
  const { nodes, durationMs, loss, firstSeed, seeds } = command
  const outcomes: Outcome[] = []
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    showProgress(outcomes, command)
    const scenario = drawScenario({ seed, nodes, durationMs, ...(loss === undefined ? {} : { loss }) })
    const outcome = simulate(scenario, command.trace ? { print: line => console.error(line) } : {})
    outcomes.push(outcome)
    if (outcome.violations.length > 0) reportFailure(outcome, command)
  }
  showProgress(outcomes, command)
  if (process.stderr.isTTY) process.stderr.write('\n')
  return summarize(nodes, outcomes)
}

function reportFailure({ seed, violations }: Outcome, command: SimulateCommand): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  console.error(`seed ${seed} failed; to replay it: ${replayCommand(command, seed)}`)
  for (const violation of violations) console.error(`  ${describe(violation)}`)
}

function showProgress(outcomes: readonly Outcome[], { seeds, nodes }: SimulateCommand): void {
  if (!process.stderr.isTTY) return
  const width = 30
  const done = Math.round((outcomes.length / seeds) * width)
  const bar = `${'='.repeat(done)}${' '.repeat(width - done)}`
  const { simulatedNodeHours, violations } = summarize(nodes, outcomes)
  process.stderr.write(
    `\r\u001b[K[${bar}] ${outcomes.length}/${seeds} seeds, ${simulatedNodeHours.toFixed(1)} node-hours, ${violations} violations`,
  )
}

function printTable(rows: Readonly<Record<string, unknown>>, prefix = ''): void {
  for (const [name, value] of Object.entries(rows)) {
    const label = prefix === '' ? name : `${prefix} ${name}`
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      printTable(value as Record<string, unknown>, label)
    else
      console.log(
        `${label.padEnd(26)} ${Array.isArray(value) ? value.join(' ') || '-' : String(value ?? '-')}`,
      )
  }
}

function main(): void {
  const args = process.argv.slice(2)
  if (args.includes('--help')) {
    console.log(usage)
    return
  }
  let command: SimulateCommand
  try {
    command = readCommand(args)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`simulate: ${error.message}\n${usage}`)
    process.exitCode = 2
    return
  }
  const started = process.cpuUsage()
  const summary = run(command)
  const { user, system } = process.cpuUsage(started)
  const cpuSeconds = (user + system) / 1_000_000
  const result = {
    ...summary,
    cpuSeconds: Number(cpuSeconds.toFixed(2)),
    nodeHoursPerCpuSecond: Number((summary.simulatedNodeHours / cpuSeconds).toFixed(3)),
  }
  if (command.format === 'json') console.log(JSON.stringify(result))
  else printTable(result)
  if (summary.violations > 0) process.exitCode = 1
}

if (isProgram(import.meta.filename)) main()
