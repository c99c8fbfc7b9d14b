// Contenders in turn, round after round. Other programs load a machine now and then; what runs within one
// round meets about the same load, so contenders are compared round by round, and the median round counts.

export interface Sample {
  readonly operationsPerSecond: number
  /** CPU time of this process per operation, microseconds. */
  readonly cpuMicros: number
  /** Values that were not there. */
  readonly misses: number
  /** Ms of each operation, where they were asked for one after another; else empty. */
  readonly latencies: readonly number[]
}

export interface Contender {
  readonly name: string
  /** One sample, taken in this round. */
  measure(round: number): Promise<Sample>
}

export type Samples = ReadonlyMap<string, readonly Sample[]>

/** Measures `rounds` rounds and one more before, which warms up and is dropped. */
export async function interleaved(contenders: readonly Contender[], rounds: number): Promise<Samples> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      // Each goes first once, so that nobody always follows the same one.
      const { name, measure } = contenders[(turn + round) % contenders.length] as Contender
      const sample = await measure(round)
      if (round > 0) samples.get(name)?.push(sample)
    }
  }
  return samples
}

export interface Ratio {
  readonly median: number
  readonly least: number
  readonly greatest: number
}

/** Operations per second of one contender over those of another, round by round. */
export function ratio(samples: Samples, of: string, over: string): Ratio | undefined {
  const denominators = samples.get(over)
  const numerators = samples.get(of)
  if (numerators === undefined || denominators === undefined) return undefined
  const ratios = numerators.map(
    (sample, round) => sample.operationsPerSecond / (denominators[round] as Sample).operationsPerSecond,
  )
  return { median: quantile(ratios, 0.5), least: Math.min(...ratios), greatest: Math.max(...ratios) }
}

/** CPU time per operation of one contender in that of another, round by round: 1 is as cheap. Others who use the machine matter less. */
export function cpuRatio(samples: Samples, of: string, over: string): Ratio | undefined {
  const inverted = (name: string): Sample[] | undefined =>
    samples.get(name)?.map(sample => ({ ...sample, operationsPerSecond: 1 / sample.cpuMicros }))
  const pair = new Map([of, over].flatMap(name => [[name, inverted(name) ?? []] as const]))
  return samples.has(of) && samples.has(over) ? ratio(pair, of, over) : undefined
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort()
  const at = (sorted.length - 1) * part
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

export interface Summary {
  readonly operationsPerSecond: number
  readonly cpuMicros: number
  readonly misses: number
  readonly p50Ms?: number
  readonly p99Ms?: number
}

/** The median round of a contender; latencies of all rounds together. */
export function summary(samples: readonly Sample[]): Summary {
  const latencies = samples.flatMap(sample => sample.latencies)
  return {
    operationsPerSecond: quantile(
      samples.map(sample => sample.operationsPerSecond),
      0.5,
    ),
    cpuMicros: quantile(
      samples.map(sample => sample.cpuMicros),
      0.5,
    ),
    misses: samples.reduce((sum, { misses }) => sum + misses, 0),
    ...(latencies.length > 0 && { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) }),
  }
}
