import type { Command } from 'commander'
import { type ClientOptions, formatOption, print } from './client-options.ts'

/** `cachemesh key`. */
export function keyCommand(program: Command): void {
  program
    .command('key')
    .description('print a new mesh key, 64 hex digits; every node of a mesh holds the same one')
    .addOption(formatOption())
    .action(async (options: ClientOptions) => {
      const { generateKey } = await import('cachemesh')
      const key = generateKey()
      print(options, { key }, () => key)
    })
}
