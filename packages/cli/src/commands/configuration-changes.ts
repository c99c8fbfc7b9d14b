// Commands that change what all members agree on.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { CacheMeshError } from '@cachemesh/protocol'
import type { Command } from 'commander'
import type { Api } from '../api/api.ts'
import type { Changed, Configuration, Propagated, SettingView, Version } from '../api/replies.ts'
import { ifMatch } from '../configuration/expectation.ts'
import { readPlace, readValue } from '../configuration/names.ts'
import { type ClientOptions, print, withApi } from './client-options.ts'

interface ChangeOptions extends ClientOptions {
  readonly expect?: string
}

/** Below `cachemesh configuration`: `set`, `unset`, `apply`, `propagate` and `destroy`. */
export function configurationChangeCommands(parent: Command, ended: (code: number) => void): void {
  const command = (name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .option('--expect <version>', 'change it only while it is this: a serial, a digest, or SERIAL-DIGEST')
  command(
    'set <name> <value>',
    'write a setting, or GROUP/NAME; the value is JSON or text, such as 5m',
  ).action((name: string, value: string, _: object, own: Command) =>
    set(name, readValue(value), own.optsWithGlobals()),
  )
  command('unset <name>', 'remove a setting, or GROUP/NAME; exit 4 when there is none').action(
    async (name: string, _: object, own: Command) => ended(await unset(name, own.optsWithGlobals())),
  )
  command('apply <file>', 'make it say what this JSON file says, - for stdin, and nothing else').action(
    (file: string, _: object, own: Command) => apply(file, own.optsWithGlobals()),
  )
  command('destroy <mesh>', 'destroy the mesh, for all its members and for ever; give its name').action(
    (mesh: string, _: object, own: Command) => destroy(mesh, own.optsWithGlobals()),
  )
  parent
    .command('propagate')
    .description('have a node tell all its peers at once, and wait until they have confirmed')
    .action((_: object, own: Command) => propagate(own.optsWithGlobals()))
}

function set(text: string, value: unknown, options: ChangeOptions): Promise<void> {
  const { group, name } = readPlace(text)
  return withApi(options, async api => {
    const reply = await change(api, options, { method: 'PATCH', body: { [group]: { [name]: value } } })
    report(options, reply)
    if (group === 'settings') await noteUnknown(api, name)
  })
}

/** Kept for versions that know it; more often it is a slip. */
async function noteUnknown(api: Api, name: string): Promise<void> {
  const { settings } = await api.json<{ settings: readonly SettingView[] }>('/v1/configuration/settings')
  if (settings.some(setting => setting.name === name)) return
  const names = settings.map(setting => setting.name).join(', ')
  process.stderr.write(
    `cachemesh: ${JSON.stringify(name)} is kept, but nothing of this version goes by it; there are ${names}\n`,
  )
}

function unset(text: string, options: ChangeOptions): Promise<number> {
  const { group, name } = readPlace(text)
  if (group === 'member')
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', `${text} can be set, and not removed`)
  return withApi(options, async api => {
    const reply = await change(api, options, { method: 'PATCH', body: { [group]: { [name]: null } } })
    if (reply.changed || options.format === 'json') report(options, reply)
    else process.stderr.write(`cachemesh: The configuration says nothing of ${JSON.stringify(text)}\n`)
    return reply.changed ? 0 : 4
  })
}

async function apply(file: string, options: ChangeOptions): Promise<void> {
  const body = await readJson(file)
  await withApi(options, async api => report(options, await change(api, options, { method: 'PUT', body })))
}

function destroy(mesh: string, options: ChangeOptions): Promise<void> {
  return withApi(options, async api => {
    const headers = await ifMatch(api, options.expect)
    const path = `/v1/configuration?mesh=${encodeURIComponent(mesh)}`
    const { body } = await api.request('DELETE', path, { headers })
    const reply = JSON.parse(String(body)) as Propagated
    print(options, { destroyed: true, ...reply }, () => {
      return `mesh ${mesh} destroyed, ${confirmations(reply)} · configuration ${shown(reply.version)}`
    })
  })
}

function propagate(options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const reply = await api.json<Propagated>('/v1/configuration/propagate', 'POST')
    print(options, reply, () => `${confirmations(reply)} · configuration ${shown(reply.version)}`)
  })
}

async function change(
  api: Api,
  { expect }: ChangeOptions,
  { method, body }: { readonly method: 'PATCH' | 'PUT'; readonly body: unknown },
): Promise<Changed> {
  const headers = { 'content-type': 'application/json', ...(await ifMatch(api, expect)) }
  const bytes = Buffer.from(JSON.stringify(body))
  const reply = await api.request(method, '/v1/configuration', { headers, body: bytes })
  return JSON.parse(String(reply.body)) as Changed
}

function report(options: ClientOptions, { version, changed }: Changed): void {
  const how = changed ? 'changed' : 'unchanged: it says so already'
  print(options, { changed, version }, () => `${how} · configuration ${shown(version)}`)
}

function confirmations({ peers, confirmed }: Propagated): string {
  return `${confirmed} of ${peers} peers confirmed`
}

function shown({ serial, digest }: Version): string {
  return `${serial} ${digest.slice(0, 8)}`
}

/** What is written of a configuration: a file may be what `configuration --format json` has printed, edited. */
async function readJson(file: string): Promise<Partial<Configuration>> {
  try {
    return JSON.parse(
      await (file === '-' ? text(process.stdin) : readFile(file, 'utf8')),
    ) as Partial<Configuration>
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', `The file ${file} cannot be read as JSON (${reason})`, {
      cause,
    })
  }
}
