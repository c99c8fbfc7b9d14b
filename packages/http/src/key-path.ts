// From a path to a namespace and a key. The path is read as it came, not as a router decoded it: an encoded
// slash belongs to the key, a raw one ends the namespace.

import { CacheMeshError, DEFAULT_NAMESPACE } from '@cachemesh/protocol'

export const KEYS = '/v1/keys/'
export const ROUTE = '/v1/route/'
export const KEY_ROUTES: readonly string[] = [KEYS, ROUTE]

export interface KeyPath {
  readonly namespace: string
  readonly key: string
}

/**
 * Reads `PREFIX{key}` or `PREFIX{namespace}/{key}`. Whether both are valid is for the node to say; the key may
 * be empty here.
 *
 * @throws ERR_INVALID_KEY
 */
export function readKeyPath(url: string, prefix: string): KeyPath {
  // A request made for a proxy names the whole URL.
  const path = url.startsWith('/') ? url : url.replace(/^[^:/]+:\/\/[^/]*/, '')
  // A router takes `%6Beys` for `keys`; what follows would be cut at the wrong place.
  if (!path.startsWith(prefix)) throw invalid(`Write the beginning of the path as it is, ${prefix}`)
  const query = path.indexOf('?')
  const rest = path.slice(prefix.length, query === -1 ? undefined : query)
  if (!/^[!"$-~]*$/.test(rest)) throw invalid('Percent-encode # and everything that is not visible ASCII')
  const slash = rest.indexOf('/')
  if (slash === -1) return { namespace: DEFAULT_NAMESPACE, key: decode(rest) }
  if (rest.includes('/', slash + 1)) {
    throw invalid('The path has more parts than a namespace and a key; a slash in a key is written %2F')
  }
  return { namespace: decode(rest.slice(0, slash)), key: decode(rest.slice(slash + 1)) }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw invalid('The key is not percent-encoded UTF-8; a percent sign itself is written %25')
  }
}

function invalid(message: string): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_KEY', message)
}
