import { CacheMeshError } from '@cachemesh/protocol'

/** Where an API is, without a slash at the end; `HOST:PORT` will do. Throws ERR_INVALID_ARGUMENT. */
export function apiUrl(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '')
    return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
  throw new CacheMeshError(
    'ERR_INVALID_ARGUMENT',
    `--api ${JSON.stringify(text)} is not a URL; write for example http://127.0.0.1:7480`,
  )
}

/** The path of a key below `/v1/keys` or `/v1/route`. Throws ERR_INVALID_KEY. */
export function keyPath(kind: 'keys' | 'route', namespace: string, key: string): string {
  if (key === '') throw new CacheMeshError('ERR_INVALID_KEY', 'A key has at least one character')
  if (!key.isWellFormed() || !namespace.isWellFormed())
    throw new CacheMeshError('ERR_INVALID_KEY', 'The key is not well-formed Unicode')
  return `/v1/${kind}/${encodeURIComponent(namespace)}/${encodeURIComponent(key)}`
}
