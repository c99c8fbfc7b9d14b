// The OpenAPI document: collected from the routes' schemas, and the keys, which go through no schema, by hand.

import { LIMITS } from '@cachemesh/protocol'
import type { FastifyInstance } from 'fastify'
import { keyPaths } from './openapi-keys.ts'

const description = `Keys, members and configuration of a cache mesh; any node answers for all of it.

Every answer that is no success is \`{ "error": { "code", "message" } }\`. Errors with status 408, 502, 503 or 504
may be gone a moment later. A key that is not there is a 404 with ERR_NOT_FOUND; one that nobody could be asked
for is a 503: they are never mixed up.

Requests of web pages are refused: with an Origin that is not the host that is called, and, where the gateway
listens on loopback, under any other host name than an address or localhost.`

/** Options of @fastify/swagger. */
export const openapi = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'cachemesh', version: '1', description },
    tags: [
      { name: 'keys', description: `Bytes under a key, up to ${LIMITS.valueBytesMax} of them.` },
      { name: 'mesh', description: 'What all nodes agree on.' },
      { name: 'node', description: 'The node that is asked.' },
      { name: 'health', description: 'For orchestrators.' },
    ],
    paths: keyPaths,
  },
  refResolver: {
    buildLocalReference: (json: { $id?: unknown }, _base: unknown, _fragment: string, index: number) =>
      typeof json.$id === 'string' ? json.$id : `schema-${index}`,
  },
}

/** `describe` makes the text of the document; it is called once. */
export function documentRoute(app: FastifyInstance, describe: () => Promise<string>): void {
  let text: Promise<string> | undefined
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    text ??= describe()
    return reply.type('application/json; charset=utf-8').send(await text)
  })
}
