// Conditional writes of a key (RFC 9110, 13.1): what has to be there is a version of the entry, anything, or nothing.

import { CacheMeshError, type ErrorCode } from '@cachemesh/protocol'
import type { NotStored, PutEntryOptions } from 'cachemesh'
import type { FastifyRequest } from 'fastify'
import { shown } from './key-query.ts'

/** Throws ERR_INVALID_ARGUMENT for what an owner could not compare. */
export function conditionOf({ headers }: FastifyRequest): PutEntryOptions['onlyIf'] {
  const match = headers['if-match']?.trim()
  const noneMatch = headers['if-none-match']?.trim()
  if (match !== undefined && noneMatch !== undefined) {
    throw invalid('A write has If-Match or If-None-Match, not both')
  }
  if (noneMatch !== undefined) {
    if (noneMatch === '*') return 'absent'
    throw invalid('A write takes If-None-Match: * alone: store where there is nothing')
  }
  if (match === undefined) return undefined
  if (match === '*') return 'present'
  // Either form of a structured value is of the same version.
  const [, version] = /^"(\d{1,16})(?:-json)?"$/.exec(match) ?? []
  if (version !== undefined) return { version: Number(version) }
  throw invalid(`If-Match is ${shown(match)}; give *, or the one ETag that came with the value`)
}

/** What a client is told whose condition does not hold. */
export function unmet(key: string, { reason, version }: NotStored): { code: ErrorCode; message: string } {
  const what = {
    exists: `there is one already, of version ${version}`,
    'not-found': 'there is none',
    conflict: `it is at version ${version}`,
  }[reason]
  const message = `The entry of key ${shown(key)} is not as the condition wants it: ${what}; nothing was changed`
  return { code: 'ERR_VERSION_CONFLICT', message }
}

export function missing(key: string): { code: ErrorCode; message: string } {
  return { code: 'ERR_NOT_FOUND', message: `There is no key ${shown(key)}` }
}

function invalid(message: string): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_ARGUMENT', message)
}
