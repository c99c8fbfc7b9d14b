// Who is in the mesh, and who is responsible for what.

import type { CacheMeshNode } from 'cachemesh'
import type { FastifyInstance } from 'fastify'
import { ROUTE as ROUTE_PREFIX, readKeyPath } from './key-path.ts'
import { answers, LOAD, MEMBERS, RING, refusals } from './schemas.ts'

export function memberRoutes(app: FastifyInstance, node: CacheMeshNode): void {
  const schema = (summary: string, body: object) => ({
    schema: {
      summary,
      tags: ['mesh'],
      response: { ...answers({ 200: body }), ...refusals('ERR_FORBIDDEN_ORIGIN') },
    },
  })

  app.get('/v1/members', schema('All members, also those that left or were removed', MEMBERS), () => ({
    members: node.configuration.members.map(member =>
      member.id === node.id ? { ...member, self: true } : member,
    ),
  }))

  app.get('/v1/ring', schema('Which part of the keys each member owns', RING), () => node.ring)

  app.get('/v1/load', schema('What the node that is asked is asked for, of late', LOAD), () => node.load)

  // Described beside the keys (openapi.ts): the path has two forms.
  app.get(`${ROUTE_PREFIX}*`, { schema: { hide: true } }, request => {
    const { namespace, key } = readKeyPath(request.raw.url ?? '', ROUTE_PREFIX)
    const { owner = null, replicas, local } = node.namespace(namespace).route(key)
    return { namespace, key, owner, replicas, local }
  })
}
