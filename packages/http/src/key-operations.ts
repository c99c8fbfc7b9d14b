// What POST does to a key: `?do=` names it.

import { CacheMeshError } from '@cachemesh/protocol'
import type { Namespace, WriteResult } from 'cachemesh'
import type { FastifyRequest } from 'fastify'
import { checkQuery, readTags, readTtl, readWhole } from './key-query.ts'

export const KEY_OPERATIONS = ['increment', 'decrement', 'append', 'prepend', 'touch'] as const

interface Target {
  readonly namespace: Namespace
  readonly key: string
  /** The body, read when it is wanted. */
  read(): Promise<Uint8Array>
}

/** `body`: what there is to answer besides the version. */
interface Operated {
  readonly result: WriteResult
  readonly body?: { readonly count: string }
}

/** Throws ERR_INVALID_ARGUMENT, and what the operation throws. */
export async function operate(request: FastifyRequest, target: Target): Promise<Operated> {
  const { do: operation } = request.query as { do?: unknown }
  switch (operation) {
    case 'increment':
    case 'decrement':
      return count(request, target, operation)
    case 'append':
    case 'prepend':
      checkQuery(request, ['do'])
      return { result: await target.namespace[operation](target.key, await target.read()) }
    case 'touch':
      checkQuery(request, ['do', 'ttl'])
      return { result: await target.namespace.touch(target.key, ttlOf(request)) }
    default:
      throw new CacheMeshError('ERR_INVALID_ARGUMENT', `POST of a key has ?do=${KEY_OPERATIONS.join(', ')}`)
  }
}

async function count(
  request: FastifyRequest,
  { namespace, key }: Target,
  operation: 'increment' | 'decrement',
): Promise<Operated> {
  checkQuery(request, ['do', 'by', 'initial', 'ttl', 'tag'])
  const initial = readWhole(request, 'initial')
  const options = { ...ttlOf(request), tags: readTags(request), ...(initial !== undefined && { initial }) }
  const result = await namespace[operation](key, readWhole(request, 'by') ?? 1, options)
  // JSON numbers end at 2^53 for most who read them.
  return result.stored ? { result, body: { count: String(result.count) } } : { result }
}

function ttlOf(request: FastifyRequest): { readonly ttl?: number } {
  const ttl = readTtl(request)
  return ttl === undefined ? {} : { ttl }
}
