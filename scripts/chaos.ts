// `npm run chaos`: real processes, and real trouble for them. Each scenario says what it saw, in figures; whether
// they are good is for the reader, and for the tests in test/chaos.
import { parseArgs } from 'node:util'
import { coldStart } from '../test/chaos/cold-start.ts'
import { type CutKind, cut } from '../test/chaos/cut.ts'
import { frozen } from '../test/chaos/frozen.ts'
import { join } from '../test/chaos/join.ts'
import { killedOwner } from '../test/chaos/killed-owner.ts'
import { replicas } from '../test/chaos/replicas.ts'
import { rollingRestart } from '../test/chaos/rolling-restart.ts'
import { isProgram } from './check.ts'

interface Options {
  readonly nodes: number | undefined
  readonly ms: number | undefined
}

const SCENARIOS: Readonly<Record<string, (options: Options) => Promise<object>>> = {
  'cold-start': ({ nodes = 30 }) => coldStart({ nodes }),
  'killed-owner': ({ nodes = 3 }) => killedOwner({ nodes }),
  replicas: ({ nodes = 5 }) => replicas({ nodes }),
  join: ({ nodes = 4 }) => join({ nodes }),
  'rolling-restart': ({ nodes = 5 }) => rollingRestart({ nodes }),
  frozen: ({ nodes = 4, ms = 2_000 }) => frozen({ nodes, frozenMs: ms }),
  'frozen-long': ({ nodes = 4, ms = 60_000 }) => frozen({ nodes, frozenMs: ms }),
  'cut-last': options => cutAs('last', options),
  'cut-halves': options => cutAs('halves', options),
  'cut-pair': options => cutAs('pair', options),
}

const USAGE = `npm run chaos -- [scenario …] [--nodes N] [--seconds S] [--runs R] [--format text|json]
  scenarios: ${Object.keys(SCENARIOS).join(', ')}; without one, all of them
  --nodes    processes of the mesh
  --seconds  how long a node is frozen or cut off
  --runs     how often each is run (default 1)`

function cutAs(kind: CutKind, { nodes = 4, ms = 10_000 }: Options): Promise<object> {
  return cut({ kind, nodes, cutMs: ms })
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      nodes: { type: 'string' },
      seconds: { type: 'string' },
      runs: { type: 'string', default: '1' },
      format: { type: 'string', default: 'text' },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter(name => !Object.hasOwn(SCENARIOS, name))
  if (values.help || unknown.length > 0) {
    console.error(unknown.length > 0 ? `chaos: there is no scenario ${unknown.join(', ')}\n${USAGE}` : USAGE)
    process.exitCode = unknown.length > 0 ? 2 : 0
    return
  }
  const options = {
    nodes: values.nodes === undefined ? undefined : Number(values.nodes),
    ms: values.seconds === undefined ? undefined : Number(values.seconds) * 1_000,
  }
  const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS)
  const runs = names.flatMap(name => Array.from({ length: Number(values.runs) }, () => name))
  const results: object[] = []
  for (const [turn, name] of runs.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${turn + 1}/${runs.length} ${name} …`)
    const result = { scenario: name, ...(await SCENARIOS[name]?.(options)) }
    results.push(result)
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
    if (values.format !== 'json') console.log(JSON.stringify(result))
  }
  if (values.format === 'json') console.log(JSON.stringify({ results }))
}

if (isProgram(import.meta.filename)) await main()
