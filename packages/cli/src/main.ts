// Where the process of the command begins.

import { enableCompileCache } from 'node:module'

// Most of a start is compiling; what was compiled once is kept, and the next start takes half of the time.
enableCompileCache()

// `cachemesh members | head -1` closes the pipe early, which is no failure.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  process.exit(0)
})

const { run } = await import('./program.ts')
process.exitCode = await run(process.argv.slice(2))
