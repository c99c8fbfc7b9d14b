// A node of a local mesh: one `cachemesh start` in a process of its own. It leaves when its stdin ends, so it
// goes with this process, even if this one is killed.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { CacheMeshError } from '@cachemesh/protocol'
import { Api } from '../api/api.ts'
import type { Version } from '../api/replies.ts'

/** What `start --format json` prints when it serves. */
export interface Ready {
  readonly nodeId: string
  readonly listen: readonly string[]
  readonly api: string
  readonly configuration: Version
}

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** Beside `src` or `dist`, whichever runs now. */
const MAIN = fileURLToPath(new URL(`../main${extname(import.meta.filename)}`, import.meta.url))

export class NodeProcess {
  /** 1, 2, 3 …: how people call it. */
  readonly number: number
  readonly ended: Promise<Ending>
  readonly #child: Child
  readonly #serving: Promise<void>
  #ready: Ready | undefined
  #api: Api | undefined
  #said = ''
  #leaving = false

  constructor(number: number, args: readonly string[]) {
    this.number = number
    const command = [...process.execArgv, MAIN, 'start', '--attached', '--format', 'json', ...args]
    this.#child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'pipe'] })
    // It may be gone before it is told to go.
    this.#child.stdin.on('error', () => {})
    this.ended = endOf(this.#child)
    createInterface(this.#child.stderr).on('line', line => this.#hear(line))
    this.#serving = this.#untilServing(createInterface(this.#child.stdout))
    this.#serving.catch(() => {}) // whoever cares asks
  }

  /** Resolves when it serves. Rejects with what it said when it ends before. */
  serving(): Promise<void> {
    return this.#serving
  }

  /** Only once it serves. */
  get ready(): Ready {
    return this.#ready as Ready
  }

  /** Only once it serves. */
  get api(): Api {
    return this.#api as Api
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** True when it was told here to leave, or to be ready for its end. */
  get leaving(): boolean {
    return this.#leaving
  }

  /** Its end is no failure from now on. */
  expectEnd(): void {
    this.#leaving = true
  }

  /** Has it leave the mesh and end. */
  leave(): Promise<Ending> {
    this.expectEnd()
    this.#api?.close()
    this.#child.stdin.end()
    return this.ended
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #untilServing(lines: Interface): Promise<void> {
    const line = await new Promise<string | undefined>(resolve => {
      lines.once('line', resolve)
      lines.once('close', () => resolve(undefined))
    })
    if (line === undefined) {
      const { code, signal } = await this.ended
      const reason = this.#said.replace(/^cachemesh: /, '') || `it ended with ${signal ?? code}`
      throw new CacheMeshError('ERR_CLOSED', `Node ${this.number} did not start: ${reason}`)
    }
    this.#ready = JSON.parse(line) as Ready
    this.#api = new Api(this.#ready.api)
  }

  #hear(line: string): void {
    this.#said = line
    // Before it serves, what it says last is why it does not.
    if (this.#ready !== undefined) process.stderr.write(`node ${this.number}: ${line}\n`)
  }
}

function endOf(child: Child): Promise<Ending> {
  return new Promise(resolve => {
    child.once('error', () => resolve({ code: 1, signal: null }))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}
