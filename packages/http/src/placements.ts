// Parts of the ring that are set: who has them, and giving them to somebody else.

import type { CacheMeshNode, PlacedPart, Version } from 'cachemesh'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { etagOfVersion, expectedBy } from './etag.ts'
import * as examples from './examples.ts'
import { answers, PLACEMENTS, refusals } from './schemas.ts'
import { CHANGED, IF_MATCH } from './schemas-changes.ts'

type Body = PlacedPart & { readonly members: readonly string[] }

const POSITION = { type: 'integer', minimum: 0, maximum: 0xffff_ffff } as const

const PLACED = {
  type: 'object',
  additionalProperties: false,
  required: ['members'],
  description: 'Which part of the ring, by a key or by its position, and whose it shall be.',
  properties: {
    key: { type: 'string', description: 'The arc in which this key lies.' },
    namespace: { type: 'string', description: 'Of the key.' },
    alone: { type: 'boolean', description: 'The key, and no other of its arc.' },
    position: { ...POSITION, description: 'Where the part ends, that position included.' },
    from: { ...POSITION, description: 'After which position it begins; else where the arc begins.' },
    members: {
      type: 'array',
      items: { type: 'string' },
      minItems: 1,
      description: 'Ids: the owner first, then those who share it with him.',
    },
  },
  examples: [{ key: 'greeting', members: [examples.node.id] }],
} as const

export function placementRoutes(app: FastifyInstance, node: CacheMeshNode): void {
  const expected = (request: FastifyRequest) => {
    const version = expectedBy(request.headers['if-match'], node.configuration.version)
    return version === undefined ? {} : { expected: version }
  }

  app.get(
    '/v1/placements',
    {
      schema: {
        ...described('Parts of the ring that are set, by hand or by nodes that had too much to do'),
        response: { ...answers({ 200: PLACEMENTS }), ...refusals('ERR_FORBIDDEN_ORIGIN') },
      },
    },
    () => ({ placements: node.placements }),
  )

  app.post<{ Body: Body }>(
    '/v1/placements',
    {
      schema: {
        ...described('Give a part of the ring to members of your choice'),
        headers: IF_MATCH,
        body: PLACED,
        ...changed('ERR_INVALID_KEY', 'ERR_INVALID_NAMESPACE'),
      },
    },
    async (request, reply) => {
      const { members, ...part } = request.body
      return send(reply, await node.place(part, members, expected(request)))
    },
  )

  app.delete<{ Params: { position: number } }>(
    '/v1/placements/:position',
    {
      schema: {
        ...described('Remove a position that was set: its part falls to the next member on the ring'),
        headers: IF_MATCH,
        params: { type: 'object', properties: { position: POSITION }, required: ['position'] },
        ...changed(),
      },
    },
    async (request, reply) => send(reply, await node.unplace(request.params.position, expected(request))),
  )
}

function described(summary: string): { summary: string; tags: string[] } {
  return { summary, tags: ['mesh'] }
}

function changed(...more: ('ERR_INVALID_KEY' | 'ERR_INVALID_NAMESPACE')[]): { response: object } {
  const codes = [
    'ERR_INVALID_ARGUMENT',
    'ERR_FORBIDDEN_ORIGIN',
    'ERR_MESH_DESTROYED',
    'ERR_VERSION_CONFLICT',
    'ERR_MALFORMED_CONFIGURATION',
    'ERR_CLOSED',
  ] as const
  return { response: { ...answers({ 200: CHANGED }), ...refusals(...codes, ...more) } }
}

function send<T extends { readonly version: Version }>(reply: FastifyReply, done: T): T {
  reply.header('etag', etagOfVersion(done.version))
  return done
}
