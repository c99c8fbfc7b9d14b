import type { Api } from '../api/api.ts'
import type { Configuration } from '../api/replies.ts'
import type { ClientOptions } from '../commands/client-options.ts'
import { differences, statesOf } from './difference.ts'

/** Shorter than the silence after which a connection counts as stuck. */
const WAIT = '20s'

/** Prints each configuration, from the present one or the first above `after` on, until the mesh is destroyed. */
export async function watch(
  api: Api,
  { format, after }: Pick<ClientOptions, 'format'> & { readonly after?: number },
): Promise<void> {
  let seen: Configuration | undefined
  let serial = after
  for (;;) {
    const query = serial === undefined ? '' : `?after=${serial}&wait=${WAIT}`
    const { status, body } = await api.request('GET', `/v1/configuration${query}`)
    if (status === 204) continue
    const next = JSON.parse(String(body)) as Configuration
    serial = next.version.serial
    // One text may get a higher serial: that is no news.
    if (next.version.digest === seen?.version.digest) continue
    process.stdout.write(`${format === 'json' ? JSON.stringify(next) : lineOf(next, seen)}\n`)
    if (next.destroyed) return
    seen = next
  }
}

function lineOf(next: Configuration, seen: Configuration | undefined): string {
  const { serial, timestamp, digest } = next.version
  const what = seen === undefined ? [`members: ${statesOf(next.members)}`] : differences(seen, next)
  return `${serial}  ${new Date(timestamp).toISOString()}  ${digest.slice(0, 8)}  ${what.join(', ')}`
}
