// Where the process of the command begins.

import { keepCompiledCode } from './compile-cache.ts'

// Before anything large is loaded.
keepCompiledCode()

// `cachemesh members | head -1` closes the pipe early, which is no failure.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  process.exit(0)
})

const { run } = await import('./program.ts')
const code = await run(process.argv.slice(2))
// All is closed now. Timers of libraries may run on for a second: nobody waits for them, only for the output.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
