import { styleText } from 'node:util'
import Table from 'cli-table3'

export interface Column {
  readonly head: string
  readonly right?: boolean
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** Columns that align, without rules, as other tools of this kind print them. Ends without a line break. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    head: columns.map(({ head }) => bold(head)),
    chars: NO_LINES,
    colAligns: columns.map(({ right }) => (right ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  made.push(...rows.map(row => [...row]))
  return made
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}

/** Plain where stdout is no terminal or NO_COLOR is set. */
export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout })
}

export function dim(text: string): string {
  return styleText('dim', text, { stream: process.stdout })
}
