// Entries of a namespace in bulk.

import type { CacheMeshNode } from 'cachemesh'
import type { FastifyInstance } from 'fastify'
import { answers, refusals } from './schemas.ts'
import { ERASED } from './schemas-changes.ts'

const REFUSALS = [
  'ERR_INVALID_ARGUMENT',
  'ERR_INVALID_NAMESPACE',
  'ERR_MALFORMED_CONFIGURATION',
  'ERR_FORBIDDEN_ORIGIN',
  'ERR_MESH_DESTROYED',
  'ERR_CLOSED',
] as const

export function namespaceRoutes(app: FastifyInstance, node: CacheMeshNode): void {
  const response = { ...answers({ 200: ERASED }), ...refusals(...REFUSALS) }
  const described = (summary: string) => ({ schema: { summary, tags: ['keys'], response } })

  app.delete<{ Params: { namespace: string } }>(
    '/v1/namespaces/:namespace/entries',
    described('Remove all entries of a namespace'),
    async ({ params }) => node.namespace(params.namespace).clear(),
  )

  app.delete<{ Params: { namespace: string; tag: string } }>(
    '/v1/namespaces/:namespace/tags/:tag',
    described('Remove the entries of a namespace that have this tag'),
    async ({ params }) => node.namespace(params.namespace).deleteByTag(params.tag),
  )
}
