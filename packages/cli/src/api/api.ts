// The HTTP API of a node, as the commands use it. Over node:http and not `fetch`, which rewrites paths: a key
// named `..` is a key like any other.

import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { CacheMeshError, ERRORS, type ErrorCode } from '@cachemesh/protocol'
import { apiUrl } from './url.ts'

export interface ApiReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface ApiRequest {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** A node answers or fails within 5 s; beyond this the connection itself is stuck. */
const SILENCE_MS = 30_000
const SOCKETS_MAX = 16

export class Api {
  readonly url: string
  readonly #agent: HttpAgent

  /** Throws ERR_INVALID_ARGUMENT when the text is no URL. */
  constructor(url: string) {
    this.url = apiUrl(url)
    const options = { keepAlive: true, maxSockets: SOCKETS_MAX }
    this.#agent = this.#secure ? new HttpsAgent(options) : new HttpAgent(options)
  }

  get #secure(): boolean {
    return this.url.startsWith('https:')
  }

  /**
   * Sends a request and reads the whole answer. Throws what the node says went wrong (404 is ERR_NOT_FOUND),
   * or ERR_UNREACHABLE.
   */
  async request(method: string, path: string, { headers = {}, body }: ApiRequest = {}): Promise<ApiReply> {
    const reply = await this.#send(method, path, { headers, ...(body && { body }) })
    if (reply.status < 400) return reply
    throw this.#refusal(reply)
  }

  async json<T>(path: string, method = 'GET'): Promise<T> {
    const { body } = await this.request(method, path)
    return parse(body) as T
  }

  /** Closes the connections that are kept open. */
  close(): void {
    this.#agent.destroy()
  }

  #send(method: string, path: string, { headers, body }: ApiRequest): Promise<ApiReply> {
    const send = this.#secure ? requestHttps : requestHttp
    const length = body === undefined ? {} : { 'content-length': body.length }
    return new Promise((resolve, reject) => {
      const failed = (cause: Error) => reject(this.#unreachable(cause))
      const options = { method, agent: this.#agent, headers: { ...headers, ...length }, timeout: SILENCE_MS }
      const request = send(this.url + path, { ...options, path }, response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', failed)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        )
      })
      request.on('timeout', () => request.destroy(new Error(`silent for ${SILENCE_MS / 1000} s`)))
      request.on('error', failed)
      request.end(body)
    })
  }

  #unreachable(cause: Error): CacheMeshError {
    const reason = (cause as NodeJS.ErrnoException).code ?? cause.message
    return new CacheMeshError(
      'ERR_UNREACHABLE',
      `No node answers at ${this.url} (${reason}); start one with \`cachemesh start\`, or name another with --api URL or CACHEMESH_API`,
      { cause },
    )
  }

  #refusal({ status, body }: ApiReply): CacheMeshError {
    const { error } = (parse(body) ?? {}) as { error?: { code?: string; message?: string } }
    if (error?.code !== undefined && error.code in ERRORS)
      return new CacheMeshError(error.code as ErrorCode, error.message ?? `${this.url} answered ${status}`)
    return new CacheMeshError(
      'ERR_UNREACHABLE',
      `${this.url} answered ${status}, but not as a cachemesh node does; check --api or CACHEMESH_API`,
    )
  }
}

/** Undefined when it is not JSON. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
