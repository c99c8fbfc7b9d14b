// A child process that answers one message at a time. Each party of a benchmark runs in processes of its own: in one
// process together they would share a heap, its collector, and what the compiler learnt from the others' streams.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface BenchProcess<Ask, Answer> {
  ask(message: Ask): Promise<Answer>
  close(): Promise<void>
}

/** Starts a module of this folder. Rejects, as does `ask`, when the process ends before it has answered. */
export async function startProcess<Ask, Answer>(
  module: string,
  argument: unknown,
): Promise<{ process: BenchProcess<Ask, Answer>; first: unknown }> {
  const child = fork(join(import.meta.dirname, module), [JSON.stringify(argument)], {
    execArgv: process.execArgv,
    serialization: 'advanced',
  })
  const first = await answer(child, module)
  return {
    first,
    process: {
      ask: message => {
        child.send(message as object)
        return answer(child, module) as Promise<Answer>
      },
      close: async () => {
        if (child.exitCode !== null) return
        const exited = once(child, 'exit')
        child.disconnect()
        await exited
      },
    },
  }
}

async function answer(child: ChildProcess, module: string): Promise<unknown> {
  const ended = new AbortController()
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal: ended.signal }),
      once(child, 'exit', { signal: ended.signal }).then(([code]) => {
        throw new Error(`The process of ${module} ended with ${code} before it answered`)
      }),
    ])
    return message
  } finally {
    ended.abort()
  }
}
