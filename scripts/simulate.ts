// `npm run simulate`: many seeds, each a run of the simulator, and what came of them. A run is a function of its
// options and its seed; only the CPU time at the end is measured.
import { type Outcome, summarize } from '@cachemesh/simulator'
import { isProgram } from './check.ts'
import { readCommand, type SimulateCommand, UsageError, usage } from './simulate/command.ts'
import { Progress, printTable, type Result, reportFailure } from './simulate/report.ts'
import { type Batch, perform, planBatches, type Run } from './simulate/runs.ts'
import { performAll } from './simulate/threads.ts'

async function runBatch({ title, runs }: Batch, command: SimulateCommand): Promise<Result> {
  const started = process.cpuUsage()
  const outcomes = command.trace ? [traced(runs[0] as Run)] : await allOf(title, runs, command)
  if (outcomes.length < runs.length)
    console.error(`simulate: ${outcomes.length} of ${runs.length} seeds, then the time was over`)
  const summary = summarize(outcomes)
  const { user, system } = process.cpuUsage(started)
  const cpuSeconds = (user + system) / 1_000_000
  return {
    scenario: title,
    ...summary,
    cpuSeconds: Number(cpuSeconds.toFixed(2)),
    nodeHoursPerCpuSecond: Number((summary.simulatedNodeHours / cpuSeconds).toFixed(3)),
  }
}

function traced(run: Run): Outcome {
  const outcome = perform(run, line => console.error(line))
  if (outcome.violations.length > 0) reportFailure(outcome, run)
  return outcome
}

async function allOf(title: string, runs: readonly Run[], command: SimulateCommand): Promise<Outcome[]> {
  const { workers: threads, withinMs } = command
  const goesOn = (): boolean => performance.now() < withinMs
  const progress = new Progress(title, runs.length)
  const outcomes = await performAll(runs, { threads, goesOn }, (outcome, run) => {
    if (outcome.violations.length > 0) reportFailure(outcome, run)
    progress.done(outcome)
  })
  progress.end()
  return outcomes
}

async function main(): Promise<void> {
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
  const results: Result[] = []
  for (const batch of planBatches(command)) results.push(await runBatch(batch, command))
  const [first, ...rows] = results
  const result = rows.length === 0 ? first : { ...first, rows }
  if (command.format === 'json') console.log(JSON.stringify(result))
  else for (const table of results) printTable(table)
  // Nothing that was looked at is nothing that was found.
  if (results.some(({ violations, seeds }) => violations > 0 || seeds === 0)) process.exitCode = 1
}

if (isProgram(import.meta.filename)) await main()
