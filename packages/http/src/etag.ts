import { CacheMeshError } from '@cachemesh/protocol'
import type { Version } from 'cachemesh'

/** Whether an If-None-Match header names this entity tag, by weak comparison (RFC 9110, 13.1.2). */
export function noneMatches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return header.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag)
}

export function etagOfVersion({ serial, digest }: Pick<Version, 'serial' | 'digest'>): string {
  return `"${serial}-${digest}"`
}

/**
 * The version that an If-Match header expects, of several the one that there is; undefined when any will do. One
 * text may get a higher serial: by the digest it is known all the same. Throws ERR_INVALID_ARGUMENT.
 */
export function expectedBy(
  header: string | undefined,
  { digest }: Version,
): { serial: number; digest: string } | undefined {
  if (header === undefined || header.trim() === '*') return undefined
  const versions = header.split(',').map(tag => {
    const [, serial, digest] = /^"(\d{1,16})-([0-9a-f]{32})"$/.exec(tag.trim()) ?? []
    if (serial !== undefined && digest !== undefined) return { serial: Number(serial), digest }
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `If-Match is ${JSON.stringify(header)}; give the ETag that came with the configuration: "SERIAL-DIGEST"`,
    )
  })
  return versions.find(version => version.digest === digest) ?? versions[0]
}
