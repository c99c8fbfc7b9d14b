// Commands about one key.

import { CacheMeshError, DEFAULT_NAMESPACE } from '@cachemesh/protocol'
import type { Command } from 'commander'
import type { Api, ApiReply } from '../api/api.ts'
import { readableValue } from '../api/readable-value.ts'
import { keyPath } from '../api/url.ts'
import { table } from '../output/table.ts'
import { shortId } from '../output/words.ts'
import { type ClientOptions, clientCommand, print, withApi } from './client-options.ts'
import { keyWritesCommands, stored } from './key-writes.ts'
import { readValue } from './value.ts'

interface KeyOptions extends ClientOptions {
  readonly namespace: string
}

interface SetOptions extends KeyOptions {
  readonly ttl?: string
  readonly contentType?: string
  readonly tag?: readonly string[]
  readonly ifAbsent?: boolean
  readonly ifPresent?: boolean
  readonly ifVersion?: string
}

interface DeleteOptions extends KeyOptions {
  readonly ifVersion?: string
}

interface Route {
  readonly owner: string | null
  readonly replicas: readonly string[]
  readonly local: boolean
}

/** `cachemesh get`, `set`, `delete` and `route`. `ended` is told the exit code where it is not 0. */
export function keysCommands(program: Command, ended: (code: number) => void): void {
  const command = (name: string, description: string) =>
    clientCommand(program, name, description).option('--namespace <name>', 'namespace', DEFAULT_NAMESPACE)

  command('get <key>', 'print the value of a key; exit 4 when there is none').action(
    async (key: string, options: KeyOptions) => ended(await get(key, options)),
  )
  command('set <key> <value>', 'store a value: text, - for stdin, or @FILE')
    .option('--ttl <duration>', 'time to live, for example 30s, 5m, 12h')
    .option('--content-type <type>', 'media type to keep with the value')
    .option('--tag <tag...>', 'groups that it can be removed with')
    .option('--if-absent', 'only where there is nothing')
    .option('--if-present', 'only where there is something')
    .option('--if-version <version>', 'only in the place of this version')
    .action(set)
  command('delete <key>', 'remove a key; exit 4 when there is none')
    .option('--if-version <version>', 'only this version')
    .action(async (key: string, options: DeleteOptions) => ended(await remove(key, options)))
  keyWritesCommands(program, command)
  command('route <key>', 'print which members are responsible for a key').action(route)
}

function get(key: string, options: KeyOptions): Promise<number> {
  return withApi(options, async api => {
    const found = await entry(api, options.namespace, key)
    if (found === undefined) return missing(key, options, { found: false })
    const { headers, body } = found
    if (options.format === 'table') {
      process.stdout.write(body)
      if (process.stdout.isTTY && body.at(-1) !== 0x0a) process.stdout.write('\n')
      return 0
    }
    const contentType = headers['content-type'] ?? ''
    print(
      options,
      {
        found: true,
        ...readableValue(body, contentType),
        served: headers['cachemesh-served'],
        owner: headers['cachemesh-owner'],
        version: Number(headers['cachemesh-version']),
        contentType,
        ...(headers['cachemesh-ttl'] && { ttlMs: Number(headers['cachemesh-ttl']) }),
      },
      String,
    )
    return 0
  })
}

async function entry(api: Api, namespace: string, key: string): Promise<ApiReply | undefined> {
  try {
    return await api.request('GET', keyPath('keys', namespace, key))
  } catch (error) {
    if (error instanceof CacheMeshError && error.code === 'ERR_NOT_FOUND') return undefined
    throw error
  }
}

async function set(key: string, value: string, options: SetOptions): Promise<void> {
  const tags = new URLSearchParams((options.tag ?? []).map((tag): [string, string] => ['tag', tag]))
  const path = keyPath('keys', options.namespace, key) + (tags.size > 0 ? `?${tags}` : '')
  const { body, contentType } = await readValue(value)
  await withApi(options, async api => {
    const { headers } = await api.request('PUT', path, {
      headers: {
        'content-type': options.contentType ?? contentType,
        ...(options.ttl !== undefined && { 'cachemesh-ttl': options.ttl }),
        ...condition(options),
      },
      body,
    })
    stored(options, headers)
  })
}

function condition({ ifAbsent, ifPresent, ifVersion }: SetOptions): Record<string, string> {
  if ([ifAbsent, ifPresent, ifVersion].filter(Boolean).length > 1) {
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'Give one of --if-absent, --if-present and --if-version')
  }
  if (ifAbsent) return { 'if-none-match': '*' }
  if (ifPresent) return { 'if-match': '*' }
  return ifVersion === undefined ? {} : { 'if-match': `"${ifVersion}"` }
}

function remove(key: string, options: DeleteOptions): Promise<number> {
  return withApi(options, async api => {
    const { ifVersion } = options
    const headers = ifVersion === undefined ? {} : { 'if-match': `"${ifVersion}"` }
    const { body } = await api.request('DELETE', keyPath('keys', options.namespace, key), { headers })
    const { deleted } = JSON.parse(String(body)) as { deleted: boolean }
    if (!deleted) return missing(key, options, { deleted })
    print(options, { deleted }, () => 'deleted')
    return 0
  })
}

function route(key: string, options: KeyOptions): Promise<void> {
  return withApi(options, async api => {
    const found = await api.json<Route>(keyPath('route', options.namespace, key))
    const { owner, replicas, local } = found
    const rows = [[owner === null ? 'nobody' : shortId(owner), replicas.map(shortId).join(' ') || '-']]
    print(options, found, () =>
      table(
        [{ head: 'OWNER' }, { head: 'REPLICAS' }, { head: 'ASKED NODE' }],
        rows.map(row => [...row, local ? 'owns it' : 'forwards']),
      ),
    )
  })
}

function missing(key: string, options: KeyOptions, data: object): number {
  if (options.format === 'json') print(options, data, String)
  else process.stderr.write(`cachemesh: There is no key ${JSON.stringify(key)}\n`)
  return 4
}
