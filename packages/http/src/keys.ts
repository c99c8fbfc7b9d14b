// Keys: bytes in, bytes out. This is the busy part: nothing here goes through schemas.

import type { ServerResponse } from 'node:http'
import { CacheMeshError, decodeValue, STRUCTURED } from '@cachemesh/protocol'
import type { CacheMeshNode, Namespace, RawEntry, WriteResult } from 'cachemesh'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { COUNTED_FROM_BYTES, readBody, type Traffic } from './body.ts'
import { sendError } from './errors.ts'
import { noneMatches } from './etag.ts'
import { conditionOf, missing, unmet } from './key-conditions.ts'
import { operate } from './key-operations.ts'
import { KEYS, readKeyPath } from './key-path.ts'
import { checkQuery, readOnMiss, readTags, readTtl } from './key-query.ts'
import { renderJson } from './rendering.ts'

const MSGPACK = 'application/vnd.msgpack'
/** Headers that would change what a write means; ignoring one would be worse than refusing it. */
const REFUSED_ON_WRITE = ['content-encoding', 'content-range', 'if-unmodified-since']

/** The OpenAPI document has these routes by hand (openapi-keys.ts). */
const described = { schema: { hide: true } }

export function keyRoutes(scope: FastifyInstance, node: CacheMeshNode, traffic: Traffic): void {
  // The body is read by the route: it alone knows whether there is room for it.
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))

  const at = (request: FastifyRequest): { namespace: Namespace; key: string } => {
    const { namespace, key } = readKeyPath(request.raw.url ?? '', KEYS)
    return { namespace: node.namespace(namespace), key }
  }

  scope.get(`${KEYS}*`, described, async (request, reply) => {
    const { namespace, key } = at(request)
    checkQuery(request, ['onMiss'])
    const onMiss = readOnMiss(request)
    const entry = await namespace.getEntry(key, onMiss === 'load' ? { onMiss } : undefined)
    // Misses are everyday: no Error, whose stack costs more than the rest of the answer.
    if (entry === undefined) {
      return onMiss === 'source' ? sendSource(reply, key, namespace) : sendError(reply, missing(key))
    }
    return sendEntry(request, reply, { entry, traffic })
  })

  scope.put(`${KEYS}*`, described, async (request, reply) => {
    const { namespace, key } = at(request)
    checkQuery(request, ['ttl', 'tag'])
    checkWrite(request)
    const onlyIf = conditionOf(request)
    const tags = readTags(request)
    const ttl = readTtl(request)
    const contentType = request.headers['content-type']
    // Asked before the body comes: a key that cannot be is not worth 64 MiB.
    namespace.route(key)
    const value = await readBody(request.raw, countedUntilClosed(traffic, reply.raw))
    const result = await namespace.putEntry(key, value, {
      ...(ttl !== undefined && { ttl }),
      ...(contentType && { contentType }),
      ...(tags.length > 0 && { tags }),
      ...(onlyIf && { onlyIf }),
    })
    return sendWritten(reply, key, result)
  })

  scope.post(`${KEYS}*`, described, async (request, reply) => {
    const { namespace, key } = at(request)
    checkWrite(request)
    namespace.route(key)
    const count = countedUntilClosed(traffic, reply.raw)
    const { result, body } = await operate(request, {
      namespace,
      key,
      read: () => readBody(request.raw, count),
    })
    if (!result.stored) return sendError(reply, missing(key))
    return body === undefined ? sendWritten(reply, key, result) : tagged(reply, result.version).send(body)
  })

  scope.delete(`${KEYS}*`, described, async (request, reply) => {
    const { namespace, key } = at(request)
    checkQuery(request, [])
    checkWrite(request)
    const onlyIf = conditionOf(request)
    if (onlyIf === undefined) return reply.send({ deleted: await namespace.delete(key) })
    if (typeof onlyIf === 'string') {
      throw new CacheMeshError(
        'ERR_INVALID_ARGUMENT',
        'DELETE takes If-Match with an entity tag, and no other condition',
      )
    }
    const result = await namespace.compareAndDelete(key, onlyIf.version)
    return result.stored ? reply.send({ deleted: true }) : sendError(reply, unmet(key, result))
  })
}

/** A miss that says where else to look. */
function sendSource(reply: FastifyReply, key: string, { source = null }: NullableSource): FastifyReply {
  return reply.code(404).send({ error: missing(key), source })
}

interface NullableSource {
  readonly source: Namespace['source'] | null
}

function sendWritten(reply: FastifyReply, key: string, result: WriteResult): FastifyReply {
  return result.stored ? tagged(reply, result.version).code(204).send() : sendError(reply, unmet(key, result))
}

function tagged(reply: FastifyReply, version: number): FastifyReply {
  return reply.header('cachemesh-version', String(version)).header('etag', etagOf(version))
}

interface Sending {
  readonly entry: RawEntry
  readonly traffic: Traffic
}

function sendEntry(request: FastifyRequest, reply: FastifyReply, { entry, traffic }: Sending): FastifyReply {
  const { contentType, etag, body } = representation(request, entry)
  if (body.length >= COUNTED_FROM_BYTES) countedUntilClosed(traffic, reply.raw)(body.length)
  reply
    .header('cachemesh-served', entry.served)
    .header('cachemesh-owner', entry.owner)
    .header('cachemesh-version', String(entry.version))
    .header('etag', etag)
    // Stored bytes may be a web page: opened in a browser it must not act as a page of this API.
    .header('content-security-policy', 'sandbox')
  if (entry.ttlMs > 0) reply.header('cachemesh-ttl', String(entry.ttlMs))
  if (entry.contentType === STRUCTURED) reply.header('vary', 'accept')
  if (noneMatches(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.header('content-type', contentType).send(body)
}

interface Representation {
  readonly contentType: string
  readonly etag: string
  readonly body: Buffer
}

function representation(request: FastifyRequest, { value, contentType, version }: RawEntry): Representation {
  const raw = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (contentType !== STRUCTURED) {
    // An embedder may have given any text; one that is no header value would break the answer.
    const sendable = /^[\t\x20-\x7e\x80-\xff]+$/.test(contentType)
    return {
      contentType: sendable ? contentType : 'application/octet-stream',
      etag: etagOf(version),
      body: raw,
    }
  }
  if (request.headers.accept?.toLowerCase().includes(MSGPACK)) {
    return { contentType: MSGPACK, etag: etagOf(version), body: raw }
  }
  const body = Buffer.from(renderJson(decodeValue(value, contentType)))
  return { contentType: 'application/json; charset=utf-8', etag: etagOf(version, '-json'), body }
}

function etagOf(version: number, variant = ''): string {
  return `"${version}${variant}"`
}

/** Counts bytes as under way until the answer is through, or its connection gone. */
function countedUntilClosed(traffic: Traffic, response: ServerResponse): (bytes: number) => void {
  let counted = 0
  response.once('close', () => traffic.give(counted))
  return bytes => {
    traffic.take(bytes)
    counted += bytes
  }
}

function checkWrite(request: FastifyRequest): void {
  const name = REFUSED_ON_WRITE.find(header => request.headers[header] !== undefined)
  if (name === undefined) return
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `A write with the header ${name} is not supported`)
}
