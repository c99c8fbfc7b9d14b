import { Argument, type Command } from 'commander'
import type { Configuration, Version } from '../api/replies.ts'
import { table } from '../output/table.ts'
import { type ClientOptions, clientCommand, print, withApi } from './client-options.ts'

/** `cachemesh configuration` and `configuration version`. */
export function configurationCommands(program: Command): void {
  clientCommand(program, 'configuration', 'print the configuration that a node holds, or only its version')
    .addArgument(new Argument('[part]', 'only this part').choices(['version']))
    .action((part: 'version' | undefined, options: ClientOptions) =>
      part === 'version' ? version(options) : configuration(options),
    )
}

function version(options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const reply = await api.json<Version>('/v1/configuration/version')
    print(options, reply, () => table(NAMED, versionRows(reply)))
  })
}

function configuration(options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const reply = await api.json<Configuration>('/v1/configuration')
    const { meshId, members, settings, namespaces } = reply
    const rows = [
      ['mesh', meshId],
      ...versionRows(reply.version),
      ['members', statesOf(members)],
      ...named('setting', settings),
      ...named('namespace', namespaces),
    ]
    print(options, reply, () => table(NAMED, rows))
  })
}

const NAMED = [{ head: 'NAME' }, { head: 'VALUE' }]

function versionRows({ serial, timestamp, digest }: Version): string[][] {
  return [
    ['serial', String(serial)],
    ['timestamp', new Date(timestamp).toISOString()],
    ['digest', digest],
  ]
}

/** `3 active, 1 left`. */
function statesOf(members: Configuration['members']): string {
  const counts = new Map<string, number>()
  for (const { state } of members) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ')
}

function named(what: string, values: Readonly<Record<string, unknown>>): string[][] {
  return Object.entries(values).map(([name, value]) => [`${what} ${name}`, JSON.stringify(value)])
}
