import { type Command, Option } from 'commander'
import { Api } from '../api/api.ts'

/** What every command takes that talks to a running node. */
export interface ClientOptions {
  readonly api: string
  readonly format: 'table' | 'json'
}

export function formatOption(): Option {
  return new Option('--format <format>', 'how to print').choices(['table', 'json']).default('table')
}

/** Adds a command that talks to a running node. */
export function clientCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .addOption(
      new Option('--api <url>', 'HTTP API of any node').env('CACHEMESH_API').default('http://127.0.0.1:7480'),
    )
    .addOption(formatOption())
}

/** Calls `use` with the API, whose connections are closed afterwards. */
export async function withApi<T>({ api: url }: ClientOptions, use: (api: Api) => Promise<T>): Promise<T> {
  const api = new Api(url)
  try {
    return await use(api)
  } finally {
    api.close()
  }
}

/** Writes one line, or JSON, to stdout. */
export function print(options: Pick<ClientOptions, 'format'>, data: unknown, text: () => string): void {
  process.stdout.write(`${options.format === 'json' ? JSON.stringify(data) : text()}\n`)
}
