import type { Violation } from './checkers/checker.ts'
import type { Outcome } from './simulate.ts'
import { Trace } from './trace/trace.ts'

/** Below these lie half, all but a hundredth, and all of the values; `null`: there are none. */
export interface Percentiles {
  readonly p50: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** What came of many runs. Times in virtual ms. */
export interface Summary {
  /** Hosts of each run; a list when they differ. */
  readonly nodes: number | readonly number[]
  /** Runs. */
  readonly seeds: number
  readonly simulatedNodeHours: number
  readonly violations: number
  readonly failedSeeds: readonly number[]
  /** Members that were silent for too long in the eyes of an observer, and those it then accused. */
  readonly checks: number
  readonly accusations: number
  /** Of them those of members whose process ran, moved and was not slow, and could be reached. */
  readonly falseChecks: number
  readonly falseAccusations: number
  /** Members that were removed, once for each incarnation. */
  readonly removals: number
  /** Of them those whose process ran, moved, and could be reached. */
  readonly falseRemovals: number
  /** The same of those that paused for less than a node is silent before it is asked about, or were slow. */
  readonly falseRemovalsOfSick: number
  /** From a crash, or a cut, to the moment at which all who are there hold the member as removed. */
  readonly detection: Percentiles
  /** From a change to the moment at which all nodes that were linked then, and not cut off since, hold it. */
  readonly convergence: Percentiles
  /** Nodes on the longest way of a change. */
  readonly rounds: Percentiles
  /** From the end of a cut to one text everywhere; only where that is the question. */
  readonly heal: Percentiles
  /** Of its own side of a cut, at any node; `null`: that was not the question. */
  readonly smallestRing: number | null
  /** From the end of faults to the moment at which all is settled. */
  readonly settling: Percentiles
  /** Sent by one node, on average: frames on links and hops of announcements. */
  readonly perNode: {
    readonly bytes: number
    readonly messages: number
    readonly bytesPerSecond: number
    readonly messagesPerSecond: number
    /** Of what carries the configuration or asks for it, for each record that was written; `null`: none was. */
    readonly bytesPerChange: number | null
  }
  /** Calls of programs, by how they ended: `hit`, `miss`, `done`, or the code of an error. */
  readonly calls: Readonly<Record<string, number>>
  /** How often each herd of programs loaded the key that it missed, of those that were judged. */
  readonly herdLoads: Percentiles
  /** How many times as many reads the busiest node answered as nodes do on average. */
  readonly spread: Percentiles
  /** How long reads of programs took that were answered. */
  readonly reads: Percentiles
  readonly steps: number
  readonly events: number
  /** Hash over the traces of all runs, in order. */
  readonly traceDigest: string
}

export function summarize(outcomes: readonly Outcome[]): Summary {
  const sum = (of: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0)
  const all = (of: (outcome: Outcome) => readonly number[]): Percentiles => percentiles(outcomes.flatMap(of))
  const livedMs = sum(outcome => outcome.livedMs)
  const [bytes, messages] = [sum(outcome => outcome.bytes), sum(outcome => outcome.messages)]
  const hosts = Math.max(
    1,
    sum(({ nodes }) => nodes),
  )
  const livedSeconds = Math.max(1, livedMs) / 1_000
  const changes = sum(({ nodes, authored }) => nodes * authored)
  const rings = outcomes.flatMap(({ smallestRing }) => smallestRing ?? [])
  return {
    nodes: sizes(outcomes),
    seeds: outcomes.length,
    simulatedNodeHours: round(livedMs / 3_600_000, 3),
    violations: sum(outcome => outcome.violations.length),
    failedSeeds: outcomes.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed),
    checks: sum(({ checks }) => checks),
    accusations: sum(({ accusations }) => accusations),
    falseChecks: sum(({ falseChecks }) => falseChecks),
    falseAccusations: sum(({ falseAccusations }) => falseAccusations),
    removals: sum(({ removals }) => removals),
    falseRemovals: sum(({ falseRemovals }) => falseRemovals),
    falseRemovalsOfSick: sum(({ falseRemovalsOfSick }) => falseRemovalsOfSick),
    detection: all(({ detectionMs }) => detectionMs),
    convergence: all(({ convergenceMs }) => convergenceMs),
    rounds: all(({ rounds }) => rounds),
    heal: all(({ healMs }) => healMs),
    smallestRing: rings.length === 0 ? null : round(Math.min(...rings), 3),
    settling: percentiles(outcomes.flatMap(({ settledAfterMs }) => settledAfterMs ?? [])),
    perNode: {
      bytes: Math.round(bytes / hosts),
      messages: Math.round(messages / hosts),
      bytesPerSecond: round(bytes / livedSeconds, 1),
      messagesPerSecond: round(messages / livedSeconds, 2),
      bytesPerChange: changes === 0 ? null : Math.round(sum(outcome => outcome.configurationBytes) / changes),
    },
    calls: callsOf(outcomes),
    herdLoads: all(({ herdLoads }) => herdLoads),
    spread: all(({ spread }) => (spread === undefined ? [] : [spread])),
    reads: all(({ readMs }) => readMs),
    steps: sum(outcome => outcome.steps),
    events: sum(outcome => outcome.events),
    traceDigest: digestOfAll(outcomes),
  }
}

/** A line about a violation, for people. */
export function describe({ at, host, checker, what }: Violation): string {
  return `at ${at.toFixed(0)} ms, host ${host}, ${checker}: ${what}`
}

function callsOf(outcomes: readonly Outcome[]): Record<string, number> {
  const sums = new Map<string, number>()
  for (const { calls } of outcomes)
    for (const [end, count] of Object.entries(calls)) sums.set(end, (sums.get(end) ?? 0) + count)
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function sizes(outcomes: readonly Outcome[]): number | readonly number[] {
  const distinct = [...new Set(outcomes.map(({ nodes }) => nodes))].sort((a, b) => a - b)
  return distinct.length > 1 ? distinct : (distinct[0] ?? 0)
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number | null => {
    const value = sorted[Math.ceil(sorted.length * share) - 1]
    return value === undefined ? null : round(value, 2)
  }
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

function digestOfAll(outcomes: readonly Outcome[]): string {
  const trace = new Trace()
  for (const { seed, traceDigest } of outcomes) trace.note(0, traceDigest, seed)
  return trace.digest
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
