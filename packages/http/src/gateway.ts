// Puts the gateway together: one fastify instance before one node.

import { LIMITS } from '@cachemesh/protocol'
import type { CacheMeshNode } from 'cachemesh'
import fastify, { type FastifyInstance } from 'fastify'
import {
  isLoopback,
  type ListenAddress,
  listenError,
  onLoopbackOnly,
  reachableHost,
  readListenAddress,
  urlOf,
} from './address.ts'
import { Traffic } from './body.ts'
import { compileWhenAsked } from './compilers.ts'
import { configurationRoutes } from './configuration.ts'
import { configurationChangeRoutes } from './configuration-changes.ts'
import { answerBrokenRequest, answerErrors, answerFrameworkError, sendError } from './errors.ts'
import { guardFor } from './guard.ts'
import { healthRoutes } from './health.ts'
import { keyRoutes } from './keys.ts'
import { memberRoutes } from './members.ts'
import { namespaceRoutes } from './namespaces.ts'
import { nodeRoutes } from './node.ts'
import { documentRoute, openapi } from './openapi.ts'
import { placementRoutes } from './placements.ts'
import { ERROR } from './schemas.ts'

export interface HttpOptions {
  /** `HOST:PORT` or `[IPV6]:PORT`; port 0 takes a free one. Default `'127.0.0.1:0'`. */
  readonly listen?: string
  /** What `POST /v1/leave` starts; without it that answers ERR_NOT_FOUND. */
  readonly leave?: () => void
}

export interface HttpGateway {
  /** Where it is reached, e.g. `http://127.0.0.1:8080`: at an address of the node's, once that listens, if it listens at all of them. */
  readonly url: string
  /** Ends all connections at once, also those that wait. The node goes on. */
  close(): Promise<void>
}

/** A key may be 4 KiB, three characters each when encoded, beside the usual headers. */
const HEAD_BYTES_MAX = 6 * LIMITS.keyBytesMax + 8 * 1024
const HEAD_TIMEOUT_MS = 10_000
/** The largest value in this time is 4.5 Mbit/s. */
const REQUEST_TIMEOUT_MS = 120_000
/** Longer than the longest wait for a configuration, which is silent. */
const SILENCE_MAX_MS = 90_000
const SMALL_BODY_BYTES_MAX = 16 * 1024

/**
 * Serves the HTTP API of a node, and tells the mesh where. Called by `beforeJoin` of a node it answers while that joins.
 *
 * @throws ERR_INVALID_ADDRESS, ERR_ADDRESS_IN_USE
 */
export async function startHttp(node: CacheMeshNode, options: HttpOptions = {}): Promise<HttpGateway> {
  const listen = await readListenAddress(options.listen ?? '127.0.0.1:0')
  const app = framework()
  routes(app, node, { listen, leave: options.leave })
  try {
    await app.listen({ host: listen.host, port: listen.port })
  } catch (cause) {
    await app.close()
    throw listenError(urlOf(listen.host, listen.port).slice('http://'.length), cause)
  }
  const { port } = app.server.address() as { port: number }
  const hostAt = (nodeAddresses: readonly string[]) => reachableHost(listen.host, nodeAddresses)
  node.announceGateway('http', addresses => {
    const host = hostAt(addresses)
    // Loopback leads each machine to itself: it says nothing to members on others.
    return isLoopback(host) && !onLoopbackOnly(addresses) ? undefined : urlOf(host, port)
  })
  let closing: Promise<void> | undefined
  return {
    get url() {
      return urlOf(hostAt(node.addresses), port)
    },
    close: () => {
      // Withdrawn last: the change would wake those who wait for one, and they are told that it closes.
      closing ??= app.close().then(() => node.announceGateway('http'))
      return closing
    },
  }
}

function framework(): FastifyInstance {
  return fastify({
    http: {
      maxHeaderSize: HEAD_BYTES_MAX,
      headersTimeout: HEAD_TIMEOUT_MS,
      connectionsCheckingInterval: HEAD_TIMEOUT_MS / 2,
      // A missing Host header gets a typed error (guard.ts).
      requireHostHeader: false,
    },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_MAX_MS,
    bodyLimit: SMALL_BODY_BYTES_MAX,
    forceCloseConnections: true,
    return503OnClosing: false,
    routerOptions: { maxParamLength: HEAD_BYTES_MAX },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerBrokenRequest,
  })
}

interface RouteOptions {
  readonly listen: ListenAddress
  readonly leave: (() => void) | undefined
}

function routes(app: FastifyInstance, node: CacheMeshNode, { listen, leave }: RouteOptions): void {
  const refusal = guardFor(listen)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('cache-control', 'no-cache').header('x-content-type-options', 'nosniff')
    const error = refusal(request)
    if (error === undefined) done()
    else sendError(reply, error)
  })
  compileWhenAsked(app)
  answerErrors(app)
  app.addSchema(ERROR)
  app.register(async scope => {
    keyRoutes(scope, node, new Traffic())
  })
  app.register(async scope => {
    configurationRoutes(scope, node)
    configurationChangeRoutes(scope, node)
    memberRoutes(scope, node)
    placementRoutes(scope, node)
    namespaceRoutes(scope, node)
    nodeRoutes(scope, { node, leave })
    healthRoutes(scope, node)
    documentRoute(scope, () => described(node))
  })
}

/** What a gateway like this one answers, as an OpenAPI document. Few ask for it: its library is loaded when one does. */
async function described(node: CacheMeshNode): Promise<string> {
  const { default: swagger } = await import('@fastify/swagger')
  const app = framework()
  app.register(swagger, openapi)
  routes(app, node, { listen: await readListenAddress('127.0.0.1:0'), leave: undefined })
  try {
    await app.ready()
    return JSON.stringify(app.swagger())
  } finally {
    await app.close()
  }
}
