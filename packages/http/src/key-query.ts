// What stands in the query of a request for a key.

import { CacheMeshError } from '@cachemesh/protocol'
import { parseDuration } from 'cachemesh'
import type { FastifyRequest } from 'fastify'

type Query = Record<string, string | string[] | undefined>

export function checkQuery(request: FastifyRequest, known: readonly string[]): void {
  for (const name in request.query as object) {
    if (known.includes(name)) continue
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `${request.method} of a key has no query parameter ${shown(name)}`,
    )
  }
}

/** Milliseconds of `?ttl=` or the header `Cachemesh-Ttl`. Throws ERR_INVALID_TTL. */
export function readTtl(request: FastifyRequest): number | undefined {
  const { ttl } = request.query as Query
  const header = request.headers['cachemesh-ttl']
  if (ttl !== undefined && header !== undefined) {
    throw new CacheMeshError('ERR_INVALID_TTL', 'Give ?ttl= or the header Cachemesh-Ttl, not both')
  }
  const text = ttl ?? header
  if (text === undefined) return undefined
  return parseDuration(/^\d+(\.\d+)?$/.test(String(text)) ? Number(text) : String(text))
}

/** `?tag=` once or several times. */
export function readTags(request: FastifyRequest): readonly string[] {
  const { tag } = request.query as Query
  return tag === undefined ? [] : [tag].flat()
}

/** What a read does on a miss: load, say where the data store is, or nothing. */
export const ON_MISS = ['miss', 'load', 'source'] as const

/** `?onMiss=`. Throws ERR_INVALID_ARGUMENT. */
export function readOnMiss(request: FastifyRequest): (typeof ON_MISS)[number] {
  const { onMiss = 'miss' } = request.query as Query
  const known = ON_MISS.find(name => name === onMiss)
  if (known !== undefined) return known
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `onMiss is one of ${ON_MISS.join(', ')}`)
}

/** A whole number, 0 or more. Throws ERR_INVALID_ARGUMENT. */
export function readWhole(request: FastifyRequest, name: string): bigint | undefined {
  const text = (request.query as Query)[name]
  if (text === undefined) return undefined
  if (typeof text === 'string' && /^\d{1,20}$/.test(text)) return BigInt(text)
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `${name} is a whole number from 0 to 2^64 - 1`)
}

export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text)
}
