import { CacheMeshError } from '@cachemesh/protocol'
import type { Api } from '../api/api.ts'
import type { Version } from '../api/replies.ts'

/**
 * The header that makes a change depend on the version that `--expect` names: a serial, a digest, or both as an
 * entity tag has them. Throws ERR_VERSION_CONFLICT when the node has another serial, ERR_INVALID_ARGUMENT.
 */
export async function ifMatch(api: Api, expect: string | undefined): Promise<Record<string, string>> {
  if (expect === undefined) return {}
  const [, serial = '0', digest] = /^"?(?:(\d{1,16})-)?([0-9a-f]{32})"?$/.exec(expect) ?? []
  if (digest !== undefined) return { 'if-match': `"${serial}-${digest}"` }
  if (!/^\d{1,16}$/.test(expect)) {
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `--expect ${JSON.stringify(expect)} is no version; give a serial, a digest, or SERIAL-DIGEST`,
    )
  }
  // A serial is a label: what is expected is the text that this node holds under it.
  const held = await api.json<Version>('/v1/configuration/version')
  if (held.serial === Number(expect)) return { 'if-match': `"${held.serial}-${held.digest}"` }
  throw new CacheMeshError(
    'ERR_VERSION_CONFLICT',
    `The configuration is at serial ${held.serial}, digest ${held.digest}, and not at the expected serial ${expect}: ` +
      'nothing was changed; read it again',
  )
}
