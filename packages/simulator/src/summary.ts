import type { Violation } from './checkers/checker.ts'
import type { Outcome } from './simulate.ts'
import { Trace } from './trace/trace.ts'

/** Virtual or measured ms below which half, or all but a hundredth, of the values lie; `null`: there are none. */
export interface Percentiles {
  readonly p50: number | null
  readonly p99: number | null
}

/** What came of many runs. Times in virtual ms. */
export interface Summary {
  /** Hosts of each run. */
  readonly nodes: number
  /** Runs. */
  readonly seeds: number
  readonly simulatedNodeHours: number
  readonly violations: number
  readonly failedSeeds: readonly number[]
  /** From a change to the moment at which all nodes that were linked then, and not cut off since, hold it. */
  readonly convergence: Percentiles
  /** From the end of faults to the moment at which all is settled. */
  readonly settling: Percentiles
  /** Sent by one node, on average: frames on links and hops of announcements. */
  readonly perNode: {
    readonly bytes: number
    readonly messages: number
    readonly bytesPerSecond: number
    readonly messagesPerSecond: number
  }
  readonly steps: number
  readonly events: number
  /** Hash over the traces of all runs, in order. */
  readonly traceDigest: string
}

export function summarize(nodes: number, outcomes: readonly Outcome[]): Summary {
  const sum = (of: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0)
  const livedMs = sum(outcome => outcome.livedMs)
  const [bytes, messages] = [sum(outcome => outcome.bytes), sum(outcome => outcome.messages)]
  const hosts = Math.max(1, outcomes.length * nodes)
  const livedSeconds = Math.max(1, livedMs) / 1_000
  return {
    nodes,
    seeds: outcomes.length,
    simulatedNodeHours: round(livedMs / 3_600_000, 3),
    violations: sum(outcome => outcome.violations.length),
    failedSeeds: outcomes.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed),
    convergence: percentiles(outcomes.flatMap(({ convergenceMs }) => convergenceMs)),
    settling: percentiles(outcomes.flatMap(({ settledAfterMs }) => settledAfterMs ?? [])),
    perNode: {
      bytes: Math.round(bytes / hosts),
      messages: Math.round(messages / hosts),
      bytesPerSecond: round(bytes / livedSeconds, 1),
      messagesPerSecond: round(messages / livedSeconds, 2),
    },
    steps: sum(outcome => outcome.steps),
    events: sum(outcome => outcome.events),
    traceDigest: digestOfAll(outcomes),
  }
}

/** A line about a violation, for people. */
export function describe({ at, host, checker, what }: Violation): string {
  return `at ${at.toFixed(0)} ms, host ${host}, ${checker}: ${what}`
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number | null => {
    const value = sorted[Math.ceil(sorted.length * share) - 1]
    return value === undefined ? null : round(value, 1)
  }
  return { p50: at(0.5), p99: at(0.99) }
}

function digestOfAll(outcomes: readonly Outcome[]): string {
  const trace = new Trace()
  for (const { seed, traceDigest } of outcomes) trace.note(0, traceDigest, seed)
  return trace.digest
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
