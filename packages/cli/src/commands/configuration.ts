import { type Command, InvalidArgumentError } from 'commander'
import type { Configuration, SettingView, Version } from '../api/replies.ts'
import { statesOf } from '../configuration/difference.ts'
import { readPlace, showValue } from '../configuration/names.ts'
import { watch } from '../configuration/watch.ts'
import { table } from '../output/table.ts'
import { type ClientOptions, clientCommand, print, withApi } from './client-options.ts'
import { configurationChangeCommands } from './configuration-changes.ts'

/** `cachemesh configuration` and what is below it. `ended` is told the exit code where it is not 0. */
export function configurationCommands(program: Command, ended: (code: number) => void): void {
  const parent = clientCommand(
    program,
    'configuration',
    'print what all members agree on, follow it, change it',
  )
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .action(configuration)
  parent
    .command('get <name>')
    .description('print what it says of a setting, or of GROUP/NAME; exit 4 when it says nothing')
    .action(async (name: string, _: object, command: Command) =>
      ended(await get(name, command.optsWithGlobals())),
    )
  parent
    .command('version')
    .description('print its serial, timestamp and digest')
    .action((_: object, command: Command) => version(command.optsWithGlobals()))
  parent
    .command('settings')
    .description('list all settings as they hold at the node that is asked')
    .option('--namespace <name>', 'as they hold in this namespace')
    .action((_: object, command: Command) => settings(command.optsWithGlobals()))
  parent
    .command('watch')
    .description('print each configuration as it changes, until Ctrl-C or the end of the mesh')
    .option('--after <serial>', 'begin with the first above this serial', toSerial)
    .action((_: object, command: Command) => {
      const options = command.optsWithGlobals<ClientOptions & { after?: number }>()
      return withApi(options, api => watch(api, options))
    })
  configurationChangeCommands(parent, ended)
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
    const { meshId, destroyed, members, settings, namespaces, stores, placements } = reply
    const rows = [
      ['mesh', destroyed ? `${meshId} (destroyed)` : meshId],
      ...versionRows(reply.version),
      ['members', statesOf(members)],
      ...named('setting', settings),
      ...named('namespace', namespaces),
      ...named('store', stores),
      ...named('placement', placements),
    ]
    print(options, reply, () => table(NAMED, rows))
  })
}

function get(text: string, options: ClientOptions): Promise<number> {
  const { group, name } = readPlace(text)
  return withApi(options, async api => {
    const reply = await api.json<Configuration>('/v1/configuration')
    const values = group === 'member' ? {} : reply[group]
    if (Object.hasOwn(values, name)) {
      const value = values[name]
      print(options, { found: true, value, version: reply.version }, () => showValue(value))
      return 0
    }
    if (options.format === 'json') print(options, { found: false, version: reply.version }, String)
    else process.stderr.write(`cachemesh: The configuration says nothing of ${JSON.stringify(text)}\n`)
    return 4
  })
}

function settings(options: ClientOptions & { readonly namespace?: string }): Promise<void> {
  return withApi(options, async api => {
    const { namespace } = options
    const query = namespace === undefined ? '' : `?namespace=${encodeURIComponent(namespace)}`
    const reply = await api.json<{ settings: readonly SettingView[] }>(`/v1/configuration/settings${query}`)
    const columns = [
      { head: 'NAME' },
      { head: 'VALUE', right: true },
      { head: 'UNIT' },
      { head: 'FROM' },
      { head: '' },
    ]
    const rows = reply.settings.map(({ name, value, unit, source, inEffect, meaning }) => [
      name,
      String(value),
      unit,
      source,
      inEffect ? meaning : `${meaning} (not in effect yet)`,
    ])
    print(options, reply, () => table(columns, rows))
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

function named(what: string, values: Readonly<Record<string, unknown>>): string[][] {
  return Object.entries(values).map(([name, value]) => [`${what} ${name}`, JSON.stringify(value)])
}

function toSerial(text: string): number {
  const serial = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(serial)) return serial
  throw new InvalidArgumentError('Give a serial, a whole number.')
}
