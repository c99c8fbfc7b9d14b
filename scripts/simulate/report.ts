// What people see of it: a bar while it runs, each seed that failed, and the table at the end.
import { describe, type Outcome, type Summary } from '@cachemesh/simulator'
import { type Run, replayCommand } from './runs.ts'

const BAR_WIDTH = 30

/** A line on the terminal that is written over; nothing where there is no terminal. */
export class Progress {
  readonly #title: string
  readonly #total: number
  #done = 0
  #livedMs = 0
  #violations = 0

  constructor(title: string, total: number) {
    this.#title = title
    this.#total = total
    this.#show()
  }

  done({ livedMs, violations }: Outcome): void {
    this.#done++
    this.#livedMs += livedMs
    this.#violations += violations.length
    this.#show()
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\n')
  }

  #show(): void {
    if (!process.stderr.isTTY) return
    const width = Math.round((this.#done / this.#total) * BAR_WIDTH)
    const bar = `${'='.repeat(width)}${' '.repeat(BAR_WIDTH - width)}`
    const hours = (this.#livedMs / 3_600_000).toFixed(1)
    process.stderr.write(
      `\r\u001b[K${this.#title} [${bar}] ${this.#done}/${this.#total} seeds, ${hours} node-hours, ${this.#violations} violations`,
    )
  }
}

export function reportFailure({ seed, violations }: Outcome, run: Run): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  console.error(`seed ${seed} failed; to replay it: ${replayCommand(run)}`)
  for (const violation of violations) console.error(`  ${describe(violation)}`)
}

export type Result = Summary & {
  readonly scenario: string
  readonly cpuSeconds: number
  readonly nodeHoursPerCpuSecond: number
}

/** What was not measured has no line. */
export function printTable(rows: object, prefix = ''): void {
  for (const [name, value] of Object.entries(rows) as [string, string | number | object | null][]) {
    if (value === null) continue
    const label = prefix === '' ? name : `${prefix} ${name}`
    if (typeof value === 'object' && !Array.isArray(value)) printTable(value, label)
    else console.log(`${label.padEnd(26)} ${readable(value)}`)
  }
}

function readable(value: string | number | object): string {
  return Array.isArray(value) ? value.join(' ') || '-' : String(value)
}
