// The answer to a question, once for people and once for programs.

import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Ratio } from './rounds.ts'

export interface Report {
  readonly text: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What the figures were taken on: absolute ones do not carry over, ratios roughly do. */
export function machine(): Record<string, unknown> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
  }
}

export function machineLine(): string {
  return Object.values(machine())
    .join(' · ')
    .replace(/(\d+) · (\d+)/, '$1 cores · $2 GiB')
}

/** Columns of one width each; the first is text and aligned left, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...lines.map(line => (line[column] ?? '').length)))
  return lines
    .map(line =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
        )
        .join('  ')
        .trimEnd(),
    )
    .map(line => `${line}\n`)
    .join('')
}

/** The median, with the least and the greatest in brackets. */
export function ratioCell(value: Ratio | undefined): string {
  if (value === undefined) return '-'
  const { median, least, greatest } = value
  return `${median.toFixed(2)} (${least.toFixed(2)}-${greatest.toFixed(2)})`
}

/** Says on stderr what is being measured, where somebody looks at it. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`)
}
