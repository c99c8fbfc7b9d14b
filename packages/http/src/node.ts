// This node itself: how it is, and that it should go.

import { CacheMeshError } from '@cachemesh/protocol'
import type { CacheMeshNode } from 'cachemesh'
import type { FastifyInstance } from 'fastify'
import { answers, LEAVING, NODE, refusals } from './schemas.ts'

export interface NodeRoutes {
  readonly node: CacheMeshNode
  /** Begins to leave the mesh. */
  readonly leave: (() => void) | undefined
}

export function nodeRoutes(app: FastifyInstance, { node, leave }: NodeRoutes): void {
  app.get(
    '/v1/node',
    {
      schema: {
        summary: 'The node that was asked',
        tags: ['node'],
        response: { ...answers({ 200: NODE }), ...refusals('ERR_FORBIDDEN_ORIGIN') },
      },
    },
    () => ({
      id: node.id,
      addresses: node.addresses,
      state: node.readiness.state,
      readiness: node.readiness,
      version: node.configuration.version,
      stats: node.stats,
    }),
  )

  let leaving = false
  app.post(
    '/v1/leave',
    {
      schema: {
        summary: 'Leave the mesh and stop',
        tags: ['node'],
        response: {
          ...answers({ 202: LEAVING }),
          ...refusals('ERR_INVALID_ARGUMENT', 'ERR_NOT_FOUND', 'ERR_FORBIDDEN_ORIGIN'),
        },
      },
    },
    (_request, reply) => {
      if (leave === undefined) {
        throw new CacheMeshError(
          'ERR_NOT_FOUND',
          'This node is part of another program: that decides when it leaves',
        )
      }
      // Leaving ends this gateway: the answer must be out before.
      if (!leaving) reply.raw.once('close', leave)
      leaving = true
      reply.code(202).send({ leaving })
    },
  )
}
