// Commands about one key.

import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { CacheMeshError, DEFAULT_NAMESPACE } from '@cachemesh/protocol'
import type { Command } from 'commander'
import type { Api, ApiReply } from '../api/api.ts'
import { readableValue } from '../api/readable-value.ts'
import { keyPath } from '../api/url.ts'
import { table } from '../output/table.ts'
import { shortId } from '../output/words.ts'
import { type ClientOptions, clientCommand, print, withApi } from './client-options.ts'

interface KeyOptions extends ClientOptions {
  readonly namespace: string
}

interface SetOptions extends KeyOptions {
  readonly ttl?: string
  readonly contentType?: string
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
    .action(set)
  command('delete <key>', 'remove a key; exit 4 when there is none').action(
    async (key: string, options: KeyOptions) => ended(await remove(key, options)),
  )
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
  const path = keyPath('keys', options.namespace, key)
  const { body, contentType } = await readValue(value)
  await withApi(options, async api => {
    const { headers } = await api.request('PUT', path, {
      headers: {
        'content-type': options.contentType ?? contentType,
        ...(options.ttl !== undefined && { 'cachemesh-ttl': options.ttl }),
      },
      body,
    })
    const version = Number(headers['cachemesh-version'])
    print(options, { stored: true, version }, () => `stored, version ${version}`)
  })
}

/** The bytes that the argument stands for, and their media type unless told otherwise. */
async function readValue(value: string): Promise<{ body: Uint8Array; contentType: string }> {
  const contentType = 'application/octet-stream'
  if (value === '-') return { body: await buffer(process.stdin), contentType }
  if (!value.startsWith('@')) return { body: Buffer.from(value), contentType: 'text/plain; charset=utf-8' }
  const path = value.slice(1)
  try {
    return { body: await readFile(path), contentType }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', `The file ${path} cannot be read (${reason})`, { cause })
  }
}

function remove(key: string, options: KeyOptions): Promise<number> {
  return withApi(options, async api => {
    const { body } = await api.request('DELETE', keyPath('keys', options.namespace, key))
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
