// Benchmarks, one question each. What is compared, and what the figures were: docs/performance.md.

import { parseArgs } from 'node:util'
import { local } from './local.ts'
import { many } from './many.ts'
import { memory } from './memory.ts'
import { mixed } from './mixed.ts'
import { type BenchOptions, ENCRYPTIONS, VALUE_SIZES } from './options.ts'
import { remote } from './remote.ts'
import type { Report } from './report.ts'
import { several } from './several.ts'
import { trace } from './trace.ts'
import { zipf } from './zipf.ts'

interface Question {
  readonly ask: string
  answer(options: BenchOptions): Promise<Report>
}

const QUESTIONS: Readonly<Record<string, Question>> = {
  remote: {
    ask: 'How fast is a get of a key that another node owns, beside a bare echo and beside Redis?',
    answer: remote,
  },
  mixed: {
    ask: 'How long do small gets take while large values flow over the same link?',
    answer: mixed,
  },
  several: {
    ask: 'How fast are three nodes: gets and sets beside Redis, and keys asked of the wrong node?',
    answer: several,
  },
  zipf: {
    ask: 'How evenly are five nodes busy, when some keys are asked for much more than others?',
    answer: zipf,
  },
  local: {
    ask: 'How fast is a get of a key of the own node, beside a bare lru-cache and beside bentocache?',
    answer: local,
  },
  many: {
    ask: 'What do batches of keys save, beside one call after the other?',
    answer: many,
  },
  memory: {
    ask: 'What does an entry take of memory, and how long does a process stand still that holds many?',
    answer: memory,
  },
  trace: {
    ask: 'Which share of requests does a cache of some size answer, by each way of eviction?',
    answer: trace,
  },
}

const USAGE = `Usage: npm run bench -- QUESTION [options]

Questions
${Object.entries(QUESTIONS)
  .map(([name, { ask }]) => `  ${name.padEnd(8)}${ask}`)
  .join('\n')}

Options
  --format table|json      A table for people (default), or one line of JSON
  --encryption tls|noise|both
                           Secure channel of the links in \`remote\` (default: tls, as in a mesh)
  --value BYTES            In \`remote\` values of this size only: 100, 1024 or 65536
  --rounds N               In \`memory\`: so many processes of each kind (default: 3)
  --ring 1|5|100           In \`local\`: a ring of so many members only
  --file PATH              In \`trace\`: a trace of a real program, lines "first-page pages" (.zst: compressed)
  --quick                  Fewer keys and rounds, to see that it works; its figures say little
  --help                   This text

Redis takes part in \`remote\` where a program redis-server is installed.
`

class UsageError extends Error {}

function readArguments(): { question: Question; format: string; options: BenchOptions } | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      format: { type: 'string', default: 'table' },
      encryption: { type: 'string', default: 'tls' },
      value: { type: 'string' },
      file: { type: 'string' },
      ring: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const question = Object.hasOwn(QUESTIONS, positionals[0] ?? '') ? QUESTIONS[positionals[0]!] : undefined
  if (question === undefined || positionals.length > 1) {
    throw new UsageError(`Name one question: ${Object.keys(QUESTIONS).join(' or ')}`)
  }
  const encryptions = ENCRYPTIONS.filter(name => name === values.encryption || values.encryption === 'both')
  if (encryptions.length === 0) throw new UsageError('--encryption is tls, noise or both')
  if (!['table', 'json'].includes(values.format)) throw new UsageError('--format is table or json')
  const valueBytes = values.value === undefined ? undefined : Number(values.value)
  if (valueBytes !== undefined && !VALUE_SIZES.includes(valueBytes))
    throw new UsageError(`--value is one of ${VALUE_SIZES.join(', ')}`)
  const { quick, format, file } = values
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
  if (rounds !== undefined && !(rounds >= 1)) throw new UsageError('--rounds is a number from 1 on')
  const ring = values.ring === undefined ? undefined : Number(values.ring)
  if (ring !== undefined && ![1, 5, 100].includes(ring)) throw new UsageError('--ring is 1, 5 or 100')
  return {
    question,
    format,
    options: {
      encryptions,
      quick,
      ...(valueBytes && { valueBytes }),
      ...(file && { tracePath: file }),
      ...(ring && { ring }),
      ...(rounds && { rounds }),
    },
  }
}

async function main(): Promise<void> {
  const asked = readArguments()
  if (asked === undefined) {
    process.stdout.write(USAGE)
    return
  }
  const report = await asked.question.answer(asked.options)
  process.stdout.write(asked.format === 'json' ? `${JSON.stringify(report.data)}\n` : report.text)
}

try {
  await main()
} catch (error) {
  const { code, message, stack } = error as NodeJS.ErrnoException
  const wrongUse = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')
  process.stderr.write(wrongUse ? `${message}\n\n${USAGE}` : `${stack}\n`)
  process.exitCode = 1
}
