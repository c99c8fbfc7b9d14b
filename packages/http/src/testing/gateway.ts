// Real nodes with real gateways on 127.0.0.1, and clients that send exactly what a test says.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { type CacheMeshNode, createNode, type NodeOptions } from 'cachemesh'
import { afterAll } from 'vitest'
import { type HttpGateway, type HttpOptions, startHttp } from '../gateway.ts'

export interface Served {
  readonly node: CacheMeshNode
  readonly gateway: HttpGateway
  readonly url: string
}

/** To be called at the top of a test file; what it returns starts gateways that end with the file's tests. */
export function gateways(): (options?: NodeOptions, http?: HttpOptions) => Promise<Served> {
  const closers: (() => Promise<unknown>)[] = []
  afterAll(() => Promise.all(closers.map(close => close())))
  return async (options, http) => {
    const node = await createNode(options)
    closers.push(() => node.close())
    const gateway = await startHttp(node, http)
    closers.push(() => gateway.close())
    return { node, gateway, url: gateway.url }
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** Sends the path as it is: `fetch` would resolve `..` and encode what is not ASCII. */
export function ask(url: string, path: string, { method = 'GET', headers, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const sent = request({ hostname, port, path, method, headers, agent: false }, response => {
      const { statusCode = 0, headers } = response
      text(response).then(body => resolve({ status: statusCode, headers, body }), reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Sends bytes that need not be HTTP; resolves to all that comes back until the connection ends. */
export async function send(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(bytes)
  return text(socket)
}

/** Resolves when a server of this process has received the head of a request whose path contains the text. */
export function arrival(part: string): Promise<void> {
  return new Promise(resolve => {
    const name = 'http.server.request.start'
    const listener = (message: unknown) => {
      if (!(message as { request: IncomingMessage }).request.url?.includes(part)) return
      unsubscribe(name, listener)
      setImmediate(resolve)
    }
    subscribe(name, listener)
  })
}

/** Status and code of an error that has the one shape. */
export function refusal({ status, body }: Pick<Answer, 'status' | 'body'>): [number, string] {
  const { error, ...rest } = JSON.parse(body)
  if (typeof error.message !== 'string' || error.message === '' || Object.keys(rest).length > 0) {
    throw new Error(`not the shape of an error: ${body}`)
  }
  return [status, error.code]
}

/** A key that `owner` owns, by its own view. */
export function keyOf(owner: CacheMeshNode, prefix = 'key'): string {
  for (let i = 0; ; i++) {
    if (owner.route(`${prefix}-${i}`).local) return `${prefix}-${i}`
  }
}
