// For orchestrators: is the process alive, and should it get traffic.

import type { CacheMeshNode } from 'cachemesh'
import type { FastifyInstance } from 'fastify'
import { answers, LIVE, READINESS } from './schemas.ts'

export function healthRoutes(app: FastifyInstance, node: CacheMeshNode): void {
  app.get(
    '/livez',
    { schema: { summary: 'The process answers', tags: ['health'], response: answers({ 200: LIVE }) } },
    () => ({ live: true }),
  )
  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Joined and serving, or why not',
        tags: ['health'],
        response: answers({ 200: READINESS, 503: { ...READINESS, description: 'Not ready.' } }),
      },
    },
    (_request, reply) => {
      const { readiness } = node
      reply.code(readiness.ready ? 200 : 503).send(readiness)
    },
  )
}
