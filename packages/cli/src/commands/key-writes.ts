// Commands that change what is there, or many keys at once.

import type { Command } from 'commander'
import type { ApiReply } from '../api/api.ts'
import { keyPath } from '../api/url.ts'
import { type ClientOptions, clientCommand, print, withApi } from './client-options.ts'
import { readValue } from './value.ts'

interface KeyOptions extends ClientOptions {
  readonly namespace: string
}

interface CountOptions extends KeyOptions {
  readonly by?: string
  readonly initial?: string
  readonly ttl?: string
}

interface TouchOptions extends KeyOptions {
  readonly ttl?: string
}

interface Erased {
  readonly peers: number
  readonly confirmed: number
}

/** `cachemesh increment`, `decrement`, `append`, `prepend`, `touch`, `clear` and `delete-by-tag`. */
export function keyWritesCommands(
  program: Command,
  inNamespace: (name: string, description: string) => Command,
): void {
  for (const name of ['increment', 'decrement'] as const) {
    inNamespace(`${name} <key>`, `${name} a counter and print what it stands at`)
      .option('--by <number>', 'by how much', '1')
      .option('--initial <number>', 'what it begins with when it is not there')
      .option('--ttl <duration>', 'time to live of one that begins')
      .action((key: string, options: CountOptions) => count(name, key, options))
  }
  for (const [name, where] of [
    ['append', 'end'],
    ['prepend', 'beginning'],
  ] as const) {
    inNamespace(`${name} <key> <value>`, `add text, - for stdin, or @FILE to the ${where} of a value`).action(
      (key: string, value: string, options: KeyOptions) => add(name, { key, value }, options),
    )
  }
  inNamespace('touch <key>', 'give a key a new time to live')
    .option(
      '--ttl <duration>',
      'time to live, for example 30s, 5m, 12h; without it that of the namespace, or none',
    )
    .action(touch)
  clientCommand(program, 'clear <namespace>', 'remove all entries of a namespace, on all nodes').action(clear)
  inNamespace('delete-by-tag <tag>', 'remove the entries that have a tag, on all nodes').action(deleteByTag)
}

function count(operation: string, key: string, options: CountOptions): Promise<void> {
  const { by = '1', initial, ttl, namespace } = options
  const query = new URLSearchParams({ do: operation, by, ...(initial && { initial }), ...(ttl && { ttl }) })
  return withApi(options, async api => {
    const { body, headers } = await api.request('POST', `${keyPath('keys', namespace, key)}?${query}`)
    const { count: stands } = JSON.parse(String(body)) as { count: string }
    print(options, { count: stands, version: Number(headers['cachemesh-version']) }, () => stands)
  })
}

async function add(
  operation: string,
  { key, value }: { readonly key: string; readonly value: string },
  options: KeyOptions,
): Promise<void> {
  const { body } = await readValue(value)
  await withApi(options, async api => {
    const path = `${keyPath('keys', options.namespace, key)}?do=${operation}`
    const { headers } = await api.request('POST', path, { body })
    stored(options, headers)
  })
}

function touch(key: string, options: TouchOptions): Promise<void> {
  const query = new URLSearchParams({ do: 'touch', ...(options.ttl && { ttl: options.ttl }) })
  return withApi(options, async api => {
    const { headers } = await api.request('POST', `${keyPath('keys', options.namespace, key)}?${query}`)
    stored(options, headers)
  })
}

function clear(namespace: string, options: ClientOptions): Promise<void> {
  return erase(`/v1/namespaces/${encodeURIComponent(namespace)}/entries`, options)
}

function deleteByTag(tag: string, options: KeyOptions): Promise<void> {
  const { namespace } = options
  return erase(`/v1/namespaces/${encodeURIComponent(namespace)}/tags/${encodeURIComponent(tag)}`, options)
}

function erase(path: string, options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const { body } = await api.request('DELETE', path)
    const erased = JSON.parse(String(body)) as Erased
    const { peers, confirmed } = erased
    print(options, { ...erased }, () => `removed; ${confirmed} of ${peers} linked members have confirmed`)
  })
}

export function stored(options: ClientOptions, headers: ApiReply['headers']): void {
  const version = Number(headers['cachemesh-version'])
  print(options, { stored: true, version }, () => `stored, version ${version}`)
}
