// A program of this folder in a process of its own, gone when the test ends.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Child {
  readonly pid: number
  /** Its first line. */
  readonly said: string
  /** Resolves when it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
  signal(signal: NodeJS.Signals): void
}

export async function startChild(program: string, argument: string): Promise<Child> {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@cachemesh/source', path, argument], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  onTestFinished(() => kill('SIGKILL'))
  const said = await new Promise<string>(resolve => {
    createInterface(child.stdout).once('line', resolve)
    ended.then(() => resolve('nothing'))
  })
  return { pid: child.pid as number, said, kill, signal: signal => child.kill(signal) }
}
