// Keeps web pages out. A page that somebody opens can make their browser send requests to addresses that only
// they reach, such as loopback. Two things give it away: the browser names the page's origin with everything
// that could do harm, and a page whose name was pointed at this address (DNS rebinding) asks under that name.
// No answer carries a header that would let another origin read it.

import { isIP } from 'node:net'
import { CacheMeshError } from '@cachemesh/protocol'
import type { FastifyRequest } from 'fastify'
import { isLoopback, type ListenAddress } from './address.ts'

/** Returns why a request is refused, or undefined. */
export type Guard = (request: Pick<FastifyRequest, 'headers' | 'raw'>) => CacheMeshError | undefined

export function guardFor(listen: ListenAddress): Guard {
  // Elsewhere the names by which programs call are not known here.
  const rebindable = isLoopback(listen.host)
  return ({ headers, raw }) => {
    const { host, origin } = headers
    if (host === undefined || host === '') {
      return raw.httpVersion === '1.0'
        ? undefined
        : new CacheMeshError('ERR_INVALID_ARGUMENT', 'A request has one Host header')
    }
    if (rebindable && !isOwnName(host, listen.name)) {
      return forbidden(`Call this node by its address or as localhost, not as ${JSON.stringify(host)}`)
    }
    if (origin !== undefined && !isSameHost(origin, host)) {
      return forbidden(`A web page of ${JSON.stringify(origin)} may not call this node`)
    }
    return undefined
  }
}

/** Nobody can point an IP address or `localhost` elsewhere. */
function isOwnName(host: string, name: string): boolean {
  const hostname = host.replace(/:\d*$/, '').toLowerCase()
  if (hostname === 'localhost' || hostname === name.toLowerCase()) return true
  return isIP(hostname.startsWith('[') ? hostname.slice(1, -1) : hostname) !== 0
}

function isSameHost(origin: string, host: string): boolean {
  try {
    const page = new URL(origin)
    return page.host !== '' && page.host === new URL(`${page.protocol}//${host}`).host
  } catch {
    return false // `null`, the origin of sandboxed pages, among others
  }
}

function forbidden(message: string): CacheMeshError {
  return new CacheMeshError('ERR_FORBIDDEN_ORIGIN', message)
}
