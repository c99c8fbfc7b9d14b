import { type Command, Option } from 'commander'
import type { StartFlags } from '../start/options.ts'

/** `cachemesh start`. */
export function startCommand(program: Command): void {
  program
    .command('start')
    .description('run a node until SIGINT, SIGTERM or `cachemesh leave`')
    .option(
      '--listen <address...>',
      'HOST:PORT for other nodes; port 0 takes a free one (default: 127.0.0.1:7400)',
    )
    .option('--advertise <address...>', 'HOST:PORT told to other nodes where it differs')
    .option('--seed <address...>', 'HOST:PORT of nodes that may be up')
    .option('--key-file <file>', 'mesh keys, one per line; the first is used, all are accepted')
    .option('--data-dir <directory>', 'keeps identity and configuration over restarts')
    .option('--memory <size>', 'budget for entries, for example 256mb (default: 64mb)')
    .option('--eviction <way>', 'which entries stay: adaptive (default), s3-fifo, lru or cost')
    .option('--weight <number>', 'share of the ring relative to others, 0 to 100 (default: 1)')
    .option('--zone <name>', 'failure domain, for example a rack')
    .option('--mesh <name>', 'name of the mesh (default: cachemesh)')
    .option('--api <address>', 'HOST:PORT of the HTTP API (default: 127.0.0.1:7480)')
    .option('--config <file>', 'JSON with these options by their names; flags override it')
    .addOption(new Option('--format <format>', 'how to print (default: text)').choices(['text', 'json']))
    // For programs that start nodes, `dev` among them: however they end, their nodes go too.
    .addOption(new Option('--attached', 'leave when stdin ends').hideHelp())
    .action(async (flags: StartFlags) => {
      const { start } = await import('../start/start.ts')
      await start(flags)
    })
}
