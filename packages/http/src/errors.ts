// Every answer that is no success is `{ error: { code, message } }`, with the status of the error table,
// whoever noticed: a node, a route, the framework, or the parser of HTTP itself.

import type { Socket } from 'node:net'
import { CacheMeshError, ERRORS, type ErrorCode } from '@cachemesh/protocol'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { KEY_ROUTES } from './key-path.ts'

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE']

export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, _request, reply) => sendError(reply, error))
  // Before a body is read that nobody wants, and judged.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) sendError(reply, noRoute(app, request, reply))
    else done()
  })
}

/** For errors that the framework finds before there is a route. */
export function answerFrameworkError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const inKey = KEY_ROUTES.some(route => request.url.startsWith(route))
  sendError(reply, error.code === 'FST_ERR_BAD_URL' ? badPercent(inKey) : error)
}

/** For bytes that are no HTTP request, or that come too slowly. The connection ends. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const body = JSON.stringify(
    late
      ? errorBody('ERR_REQUEST_TIMEOUT', 'The request did not arrive in time')
      : errorBody('ERR_INVALID_ARGUMENT', `This is not an HTTP request that can be read: ${error.message}`),
  )
  const head = [
    late ? 'HTTP/1.1 408 Request Timeout' : 'HTTP/1.1 400 Bad Request',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

export function sendError(reply: FastifyReply, cause: unknown): FastifyReply {
  const { code, message } = asCacheMeshError(cause)
  const { status, retryable } = ERRORS[code]
  if (retryable && status === 503) reply.header('retry-after', '1')
  return reply.code(status).type('application/json; charset=utf-8').send(errorBody(code, message))
}

function errorBody(code: ErrorCode, message: string): object {
  return { error: { code, message } }
}

/** By its code, not its class: the node may come from another copy of the library. */
export function asCacheMeshError(cause: unknown): Pick<CacheMeshError, 'code' | 'message'> {
  const error = cause as FastifyError
  if (Object.hasOwn(ERRORS, error?.code ?? '')) return error as unknown as CacheMeshError
  if (error?.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new CacheMeshError('ERR_VALUE_TOO_LARGE', 'This request takes no body of that size')
  }
  if (error?.validation || (error?.statusCode ?? 500) < 500) {
    return new CacheMeshError('ERR_INVALID_ARGUMENT', invalidMessage(error))
  }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new CacheMeshError('ERR_INTERNAL', `The request failed: ${reason}`, { cause })
}

function invalidMessage(error: FastifyError): string {
  const [first] = error.validation ?? []
  const unknown = first?.params?.additionalProperty
  return unknown === undefined
    ? error.message
    : `${error.validationContext} has no ${JSON.stringify(unknown)}`
}

function noRoute(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): CacheMeshError {
  const path = request.url.replace(/[?#].*$/s, '')
  const prefix = KEY_ROUTES.find(route => path.startsWith(route))
  const url = prefix === undefined ? path : `${prefix}*`
  const allowed = METHODS.filter(method => app.hasRoute({ method, url })).join(', ')
  if (allowed === '') {
    return new CacheMeshError('ERR_NOT_FOUND', `Nothing is at ${path}; /openapi.json lists what there is`)
  }
  reply.header('allow', allowed)
  return new CacheMeshError(
    'ERR_METHOD_NOT_ALLOWED',
    `${path} does not take ${request.method}, but ${allowed}`,
  )
}

function badPercent(inKey: boolean): CacheMeshError {
  return new CacheMeshError(
    inKey ? 'ERR_INVALID_KEY' : 'ERR_INVALID_ARGUMENT',
    'The path is not percent-encoded UTF-8; a percent sign itself is written %25',
  )
}
