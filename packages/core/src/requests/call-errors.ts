import { CacheMeshError, splitKey } from '@cachemesh/protocol'
import type { KeyRequest } from './call.ts'

/** `failed`: members that did not answer. */
export function unavailable(request: KeyRequest, failed: readonly string[]): CacheMeshError {
  const who = failed.length === 0 ? 'no member is active yet' : `${failed.join(', ')} could not be reached`
  return new CacheMeshError('ERR_UNAVAILABLE', `Nobody responsible for ${shown(request)} answered: ${who}`)
}

export function late(request: KeyRequest): CacheMeshError {
  return new CacheMeshError('ERR_TIMEOUT', `No answer for ${shown(request)} came before the deadline`)
}

function shown({ key, parts = [] }: KeyRequest): string {
  const first = `key ${JSON.stringify(splitKey(key).key)}`
  return parts.length > 1 ? `${first} and ${parts.length - 1} more` : first
}

export function closed(): CacheMeshError {
  return new CacheMeshError('ERR_CLOSED', 'The node is closed')
}

export function asError(error: unknown): CacheMeshError {
  if (error instanceof CacheMeshError) return error
  return new CacheMeshError('ERR_INTERNAL', 'A request could not be handled', { cause: error })
}
