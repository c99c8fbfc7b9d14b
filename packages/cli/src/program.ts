// The command line: which commands there are, and how each ends. Modules that a command needs beyond the
// parsing are loaded when it runs, so that `get` does not wait for the parts of a node.

import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { configurationCommands } from './commands/configuration.ts'
import { devCommand } from './commands/dev.ts'
import { keyCommand } from './commands/key.ts'
import { keysCommands } from './commands/keys.ts'
import { membersCommands } from './commands/members.ts'
import { placementCommands } from './commands/placements.ts'
import { startCommand } from './commands/start.ts'
import { exitCodeOf, problemLine } from './output/problem.ts'

/**
 * Runs the `cachemesh` command with these arguments. Resolves to its exit code: 0, 1 after an error (one line
 * on stderr says which), or 4 when there is no such key.
 */
export async function run(args: readonly string[]): Promise<number> {
  let code = 0
  const program = new Command('cachemesh')
    .description('Start nodes of a cache mesh, read and write its keys, look at it.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(`${problemLine(text.replace(/^error: /, ''))}\n`),
    })
  const ended = (result: number) => {
    code = result
  }
  startCommand(program)
  devCommand(program, ended)
  keysCommands(program, ended)
  membersCommands(program)
  placementCommands(program)
  configurationCommands(program, ended)
  keyCommand(program)
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    // It has written its message already.
    if (error instanceof CommanderError) return error.exitCode
    process.stderr.write(`${problemLine(error)}\n`)
    return exitCodeOf(error)
  }
}

function version(): string {
  // Beside both `src` and `dist`.
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
