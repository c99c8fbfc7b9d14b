import type { CacheMeshError } from '@cachemesh/protocol'
import type { CacheMeshNode } from 'cachemesh'
import { problemLine } from '../output/problem.ts'
import { hostPort, shortId } from '../output/words.ts'

/** A stranger who tries again and again is worth a line in a minute. */
const REPEAT_MS = 60_000
const REMEMBERED_MAX = 100

/** What a daemon says: one line on stdout when it serves, warnings on stderr. */
export class Log {
  readonly #format: 'text' | 'json'
  readonly #warnedAt = new Map<string, number>()

  constructor(format: 'text' | 'json') {
    this.#format = format
  }

  ready(node: CacheMeshNode, api: string): void {
    const listen = node.addresses.map(hostPort)
    const { version } = node.configuration
    const { serial, timestamp, digest } = version
    const line =
      this.#format === 'json'
        ? JSON.stringify({
            event: 'ready',
            nodeId: node.id,
            listen,
            api,
            configuration: { serial, timestamp, digest },
          })
        : `cachemesh node ${shortId(node.id)} ready · listen ${listen.join(' ')} · api ${api} · configuration ${serial} ${digest.slice(0, 8)}`
    process.stdout.write(`${line}\n`)
  }

  warning(error: CacheMeshError): void {
    const { code, message } = error
    const now = performance.now()
    if (now - (this.#warnedAt.get(message) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
    if (this.#warnedAt.size >= REMEMBERED_MAX) this.#warnedAt.clear()
    this.#warnedAt.set(message, now)
    const line =
      this.#format === 'json' ? JSON.stringify({ event: 'warning', code, message }) : problemLine(error)
    process.stderr.write(`${line}\n`)
  }
}
