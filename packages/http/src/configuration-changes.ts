// Operations on the mesh's configuration: change it, spread it, give the mesh up.

import { CacheMeshError, LIMITS } from '@cachemesh/protocol'
import type { CacheMeshNode, MeshChange, Version } from 'cachemesh'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { etagOfVersion, expectedBy } from './etag.ts'
import { answers, refusals } from './schemas.ts'
import {
  CHANGE,
  CHANGED,
  IF_MATCH,
  PROPAGATED,
  SETTINGS_VIEW,
  WHOLE_CONFIGURATION,
} from './schemas-changes.ts'

/** What may be written of a configuration (merge.ts of the protocol), with room for its names and white space. */
const CHANGE_BYTES_MAX = LIMITS.messageBytesMax

/** A document as GET gives it, edited: the nodes write the rest themselves. */
interface WholeConfiguration extends MeshChange {
  readonly meshId?: string
  readonly version?: unknown
  readonly destroyed?: unknown
  readonly members?: unknown
}

export function configurationChangeRoutes(app: FastifyInstance, node: CacheMeshNode): void {
  const expected = (request: FastifyRequest) => {
    const version = expectedBy(request.headers['if-match'], node.configuration.version)
    return version === undefined ? {} : { expected: version }
  }

  app.patch<{ Body: MeshChange }>(
    '/v1/configuration',
    {
      bodyLimit: CHANGE_BYTES_MAX,
      schema: {
        ...described('Change a part of the configuration'),
        headers: IF_MATCH,
        body: CHANGE,
        ...changed(),
      },
    },
    async (request, reply) => send(reply, await node.mesh.update(request.body, expected(request))),
  )

  app.put<{ Body: WholeConfiguration }>(
    '/v1/configuration',
    {
      bodyLimit: CHANGE_BYTES_MAX,
      schema: {
        ...described('Write the whole configuration, besides the members'),
        headers: IF_MATCH,
        body: WHOLE_CONFIGURATION,
        ...changed('ERR_WRONG_MESH'),
      },
    },
    async (request, reply) => {
      const { meshId, version: _, destroyed: __, members: ___, ...configuration } = request.body
      if (meshId !== undefined && meshId !== node.mesh.name) throw otherMesh(meshId, node.mesh.name)
      return send(reply, await node.mesh.replace(configuration, expected(request)))
    },
  )

  app.delete<{ Querystring: { mesh: string } }>(
    '/v1/configuration',
    {
      schema: {
        ...described('Destroy the mesh, for all its members and for ever'),
        headers: IF_MATCH,
        querystring: MESH_NAME,
        response: { ...answers({ 200: PROPAGATED }), ...refusals(...REFUSALS) },
      },
    },
    async (request, reply) => send(reply, await node.mesh.destroy(request.query.mesh, expected(request))),
  )

  app.post(
    '/v1/configuration/propagate',
    {
      schema: {
        ...described('Tell all linked members at once, and wait until they have confirmed, 5 s at most'),
        response: { ...answers({ 200: PROPAGATED }), ...refusals('ERR_FORBIDDEN_ORIGIN', 'ERR_CLOSED') },
      },
    },
    async (_request, reply) => send(reply, await node.mesh.propagate()),
  )

  app.get<{ Querystring: { namespace?: string } }>(
    '/v1/configuration/settings',
    {
      schema: {
        ...described('The settings as they hold at the node that is asked'),
        querystring: NAMESPACE,
        response: {
          ...answers({ 200: SETTINGS_VIEW }),
          ...refusals('ERR_INVALID_ARGUMENT', 'ERR_FORBIDDEN_ORIGIN'),
        },
      },
    },
    request => ({
      version: node.configuration.version,
      settings: node.mesh.settings(request.query.namespace),
    }),
  )
}

const REFUSALS = [
  'ERR_INVALID_ARGUMENT',
  'ERR_FORBIDDEN_ORIGIN',
  'ERR_MESH_DESTROYED',
  'ERR_VERSION_CONFLICT',
  'ERR_CLOSED',
] as const

const MESH_NAME = {
  type: 'object',
  additionalProperties: false,
  required: ['mesh'],
  properties: {
    mesh: { type: 'string', description: 'The name of the mesh, to confirm.', examples: ['orders'] },
  },
} as const

const NAMESPACE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    namespace: { type: 'string', description: 'As they hold there; else for the mesh.', examples: ['users'] },
  },
} as const

function described(summary: string): { summary: string; tags: string[] } {
  return { summary, tags: ['mesh'] }
}

function changed(...more: 'ERR_WRONG_MESH'[]): { response: object } {
  const codes = [
    ...REFUSALS,
    'ERR_MALFORMED_CONFIGURATION',
    'ERR_INVALID_NAMESPACE',
    'ERR_VALUE_TOO_LARGE',
  ] as const
  return { response: { ...answers({ 200: CHANGED }), ...refusals(...codes, ...more) } }
}

function send<T extends { readonly version: Version }>(reply: FastifyReply, done: T): T {
  reply.header('etag', etagOfVersion(done.version))
  return done
}

function otherMesh(meshId: string, mine: string): CacheMeshError {
  return new CacheMeshError(
    'ERR_WRONG_MESH',
    `The configuration is of mesh ${JSON.stringify(meshId)}; this node is in ${JSON.stringify(mine)}`,
  )
}
