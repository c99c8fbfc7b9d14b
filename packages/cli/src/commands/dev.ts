import { type Command, InvalidArgumentError } from 'commander'
import type { DevOptions } from '../dev/dev.ts'

/** `cachemesh dev`. `ended` is told the exit code where it is not 0. */
export function devCommand(program: Command, ended: (code: number) => void): void {
  program
    .command('dev')
    .description('run a mesh of several processes on this machine until Ctrl-C')
    .option('--nodes <count>', 'how many nodes', readCount, 3)
    .option('--tour', 'show with real data what the mesh does')
    .option('--exit', 'end when all is shown: 0 when everything held, else 1')
    .action(async (options: DevOptions) => {
      const { dev } = await import('../dev/dev.ts')
      ended(await dev(options))
    })
}

const NODES_MAX = 20

function readCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= NODES_MAX) return count
  throw new InvalidArgumentError(`Give a number from 1 to ${NODES_MAX}.`)
}
