// The command as users run it: real processes of the sources. Every one that a test started is gone when the
// test is over, and goes by itself if the test runner dies (its stdin ends).

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
const COMMAND = ['--conditions=@cachemesh/source', MAIN]

/** Several processes may have to start on a busy machine. */
export const START_MAX_MS = 60_000

export interface Ready {
  readonly nodeId: string
  readonly listen: readonly string[]
  readonly api: string
  readonly configuration: { readonly serial: number; readonly timestamp: number; readonly digest: string }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
}

/** A process of the command, running. */
export class Running {
  readonly pid: number
  readonly ended: Promise<Ended>
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { CACHEMESH_API: _, FORCE_COLOR: __, ...inherited } = process.env
    this.#child = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...inherited, ...env },
    })
    this.pid = this.#child.pid as number
    this.#child.stdin.on('error', () => {}) // it may end before it has read everything
    const closed = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => resolve({ code, signal }))
    })
    const output = Promise.all([buffer(this.#child.stdout), buffer(this.#child.stderr)])
    this.ended = Promise.all([closed, output]).then(([end, [stdout, stderr]]) => ({
      ...end,
      stdout,
      stderr: String(stderr),
    }))
  }

  /** Every line on stdout from now on. */
  lines(told: (line: string) => void): void {
    createInterface(this.#child.stdout).on('line', told)
  }

  /** Resolves to the next line on stdout that matches; rejects when the process ends without it. */
  line(pattern: RegExp, seen: string[] = []): Promise<string> {
    return new Promise((resolve, reject) => {
      this.lines(line => {
        seen.push(line)
        if (pattern.test(line)) resolve(line)
      })
      this.ended.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)))
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Writes to its stdin. */
  type(text: string): void {
    this.#child.stdin.write(text)
  }

  /** Ends its stdin, with this input. */
  endInput(input: string | Uint8Array = ''): void {
    this.#child.stdin.end(input)
  }
}

/** A node started with `cachemesh start`, serving. */
export interface StartedNode extends Ready {
  readonly process: Running
}

/** The processes of one test or one group of tests. */
export class Processes {
  readonly #running = new Set<Running>()

  /** Starts the command. */
  spawn(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    return this.spawnNode([...COMMAND, ...args], env)
  }

  /** Starts Node.js with any program. */
  spawnNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const running = new Running(args, env)
    this.#running.add(running)
    const gone = () => this.#running.delete(running)
    running.ended.then(gone, gone)
    return running
  }

  /** Runs the command to its end. */
  run(args: readonly string[], { env = {}, input = '' }: RunOptions = {}): Promise<Ended> {
    const running = this.spawn(args, env)
    running.endInput(input)
    return running.ended
  }

  /** Starts a node, on a free port when none is given, and waits for its ready line. Its pid is known before. */
  async node(
    args: readonly string[] = [],
    listen = '127.0.0.1:0',
    started: (pid: number) => void = () => {},
  ): Promise<StartedNode> {
    const process = this.spawn([
      ...['start', '--attached', '--format', 'json', '--listen', listen, '--api', '127.0.0.1:0'],
      ...args,
    ])
    started(process.pid)
    const ready = JSON.parse(await process.line(/^/)) as Ready
    return { ...ready, process }
  }

  /** Starts nodes that find each other through the first. */
  async mesh(count: number, args: readonly string[] = []): Promise<StartedNode[]> {
    const seed = await this.node(args)
    const joining = Array.from({ length: count - 1 }, () => this.node([...args, ...seedOf(seed)]))
    return [seed, ...(await Promise.all(joining))]
  }

  /** Kills what still runs; resolves when all are gone. */
  async end(): Promise<void> {
    const running = [...this.#running]
    for (const one of running) one.kill('SIGKILL')
    await Promise.allSettled(running.map(({ ended }) => ended))
  }
}

export function seedOf({ listen }: Ready): string[] {
  return ['--seed', listen[0] as string]
}

/** Waits until a process is gone, whoever its parent is. */
export async function gone(pid: number): Promise<void> {
  const until = performance.now() + 15_000
  while (isRunning(pid)) {
    if (performance.now() > until) throw new Error(`process ${pid} still runs`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
