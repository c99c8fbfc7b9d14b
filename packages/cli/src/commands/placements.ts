// Commands about the load of a mesh, and about parts of the ring that are given to members of somebody's choice.

import { CacheMeshError } from '@cachemesh/protocol'
import type { Command } from 'commander'
import type { Api } from '../api/api.ts'
import type { Changed, Member } from '../api/replies.ts'
import { ifMatch } from '../configuration/expectation.ts'
import { dim, table } from '../output/table.ts'
import { bar, percent, shortId } from '../output/words.ts'
import { type ClientOptions, clientCommand, print, withApi } from './client-options.ts'

interface Load {
  readonly perSecond: number
  readonly keys: readonly {
    readonly namespace: string
    readonly key: string
    readonly perSecond: number
    readonly copies: readonly string[]
  }[]
  readonly arcs: readonly {
    readonly perSecond: number
    readonly owner: string | null
    readonly position: number | null
  }[]
  readonly members: readonly {
    readonly id: string
    readonly weight: number
    readonly perSecond: number | null
  }[]
}

interface Placement {
  readonly position: number
  readonly from: number
  readonly members: readonly string[]
  readonly active: readonly string[]
  readonly by: 'hand' | 'load'
  readonly share: number
}

interface ChangeOptions extends ClientOptions {
  readonly expect?: string
}

interface PlaceOptions extends ChangeOptions {
  readonly key?: string
  readonly namespace?: string
  readonly alone?: boolean
  readonly position?: string
  readonly from?: string
}

const EXPECT = ['--expect <version>', 'only while it is this: a serial, a digest, or SERIAL-DIGEST'] as const
const ARCS_SHOWN = 5

/** `cachemesh load`, `placements`, `place` and `unplace`. */
export function placementCommands(program: Command): void {
  clientCommand(program, 'load', 'print what a node is asked for: its hottest keys, and who has room').action(
    load,
  )
  clientCommand(
    program,
    'placements',
    'list the parts of the ring that are set, by whom, and whose they are',
  ).action(placements)
  clientCommand(program, 'place <member...>', 'give a part of the ring to a member; several share it')
    .option('--key <key>', 'the arc in which this key lies')
    .option('--namespace <name>', 'of the key')
    .option('--alone', 'the key, and no other of its arc')
    .option('--position <position>', 'where the part ends, as load and placements print it')
    .option('--from <position>', 'after which position it begins; else where the arc begins')
    .option(...EXPECT)
    .action(place)
  clientCommand(program, 'unplace <position>', 'remove a position that was set')
    .option(...EXPECT)
    .action(unplace)
}

function load(options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const reply = await api.json<Load>('/v1/load')
    print(options, reply, () =>
      [keysOf(reply), arcsOf(reply), membersOf(reply), dim(`${rate(reply.perSecond)} reads/s in all`)]
        .filter(part => part !== '')
        .join('\n'),
    )
  })
}

function keysOf({ keys }: Load): string {
  if (keys.length === 0) return ''
  const columns = [
    { head: 'NAMESPACE' },
    { head: 'KEY' },
    { head: 'READS/S', right: true },
    { head: 'COPIES', right: true },
    { head: '' },
  ]
  const most = keys[0]?.perSecond ?? 1
  const rows = keys.map(({ namespace, key, perSecond, copies }) => [
    namespace,
    key,
    rate(perSecond),
    String(copies.length),
    bar(perSecond / most),
  ])
  return `${table(columns, rows)}\n`
}

function arcsOf({ arcs }: Load): string {
  if (arcs.length === 0) return ''
  const columns = [
    { head: 'ARC THAT ENDS AT', right: true },
    { head: 'OWNER' },
    { head: 'READS/S', right: true },
  ]
  const rows = arcs
    .slice(0, ARCS_SHOWN)
    .map(({ position, owner, perSecond }) => [
      String(position ?? '-'),
      owner ? shortId(owner) : '-',
      rate(perSecond),
    ])
  return `${table(columns, rows)}\n`
}

function membersOf({ members }: Load): string {
  if (members.length < 2) return ''
  const columns = [{ head: 'MEMBER' }, { head: 'WEIGHT', right: true }, { head: 'READS/S', right: true }]
  const rows = members.map(({ id, weight, perSecond }) => [
    shortId(id),
    String(weight),
    perSecond === null ? '-' : rate(perSecond),
  ])
  return `${table(columns, rows)}\n`
}

function placements(options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const reply = await api.json<{ placements: readonly Placement[] }>('/v1/placements')
    const columns = [
      { head: 'POSITION', right: true },
      { head: 'FROM', right: true },
      { head: 'OF ALL KEYS', right: true },
      { head: 'MEMBERS' },
      { head: 'BY' },
    ]
    const rows = reply.placements.map(({ position, from, share, members, active, by }) => [
      String(position),
      String(from),
      percent(share),
      members.map(id => (active.includes(id) ? shortId(id) : `${shortId(id)} (gone)`)).join(' '),
      by,
    ])
    print(options, reply, () => (rows.length === 0 ? dim('none is set') : table(columns, rows)))
  })
}

function place(named: readonly string[], options: PlaceOptions): Promise<void> {
  const { key, namespace, alone, position, from, expect } = options
  const part = {
    ...(key !== undefined && { key }),
    ...(namespace !== undefined && { namespace }),
    ...(alone && { alone }),
    ...(position !== undefined && { position: number(position) }),
    ...(from !== undefined && { from: number(from) }),
  }
  if ((key === undefined) === (position === undefined))
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      'Say which part of the ring: --key KEY, or --position POSITION',
    )
  return withApi(options, async api => {
    const members = await idsOf(api, named)
    const headers = { 'content-type': 'application/json', ...(await ifMatch(api, expect)) }
    const body = Buffer.from(JSON.stringify({ ...part, members }))
    const reply = await api.request('POST', '/v1/placements', { headers, body })
    report(options, JSON.parse(String(reply.body)) as Changed)
  })
}

function unplace(position: string, options: ChangeOptions): Promise<void> {
  const at = number(position)
  return withApi(options, async api => {
    const headers = await ifMatch(api, options.expect)
    const reply = await api.request('DELETE', `/v1/placements/${at}`, { headers })
    report(options, JSON.parse(String(reply.body)) as Changed)
  })
}

/** Ids as they are printed name their member as long as no other one ends alike. */
async function idsOf(api: Api, named: readonly string[]): Promise<string[]> {
  const { members } = await api.json<{ members: readonly Member[] }>('/v1/members')
  return named.map(name => {
    const end = name.replace(/^…/, '')
    const found = members.filter(({ id, state }) => id === name || (state === 'active' && id.endsWith(end)))
    if (found.length === 1) return found[0]?.id as string
    const what = found.length === 0 ? 'no active member' : `${found.length} members`
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `${JSON.stringify(name)} is the end of the id of ${what}`,
    )
  })
}

function number(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `${JSON.stringify(text)} is no position of the ring`)
}

function rate(perSecond: number): string {
  return perSecond.toFixed(1)
}

function report(options: ClientOptions, { version, changed }: Changed): void {
  const how = changed ? 'changed' : 'unchanged: it says so already'
  const { serial, digest } = version
  print(options, { changed, version }, () => `${how} · configuration ${serial} ${digest.slice(0, 8)}`)
}
