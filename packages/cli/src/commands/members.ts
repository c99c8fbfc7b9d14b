// Commands about the members of the mesh.

import { setTimeout } from 'node:timers/promises'
import { CacheMeshError } from '@cachemesh/protocol'
import type { Command } from 'commander'
import type { Api } from '../api/api.ts'
import type { Member } from '../api/replies.ts'
import { dim, table } from '../output/table.ts'
import { bar, hostPort, percent, shortId } from '../output/words.ts'
import { type ClientOptions, clientCommand, print, withApi } from './client-options.ts'

interface Ring {
  readonly positions: number
  readonly members: readonly { readonly id: string; readonly weight: number; readonly share: number }[]
}

/** `cachemesh members`, `ring` and `leave`. */
export function membersCommands(program: Command): void {
  clientCommand(program, 'members', 'list the members, also those that left').action(members)
  clientCommand(program, 'ring', 'print which share of the keys each member owns').action(ring)
  clientCommand(program, 'leave', 'have a node leave its mesh and end, as SIGTERM does').action(leave)
}

function members(options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const [reply, { members: owners }] = await Promise.all([
      api.json<{ members: readonly Member[] }>('/v1/members'),
      api.json<Ring>('/v1/ring'),
    ])
    const shares = new Map(owners.map(({ id, share }) => [id, share]))
    const columns = [
      { head: 'ID' },
      { head: 'STATE' },
      { head: 'ADDRESS' },
      { head: 'WEIGHT', right: true },
      { head: 'ZONE' },
      { head: 'OWNS', right: true },
      { head: 'API' },
    ]
    const rows = reply.members.map(({ id, self, state, addresses, weight, zone, gateways }) => [
      shortId(id) + (self ? ' *' : ''),
      state,
      addresses.map(hostPort).join(' ') || '-',
      String(weight),
      zone || '-',
      percent(shares.get(id) ?? 0),
      gateways.http ?? '-',
    ])
    print(options, reply, () => table(columns, rows))
  })
}

function ring(options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const reply = await api.json<Ring>('/v1/ring')
    const columns = [
      { head: 'ID' },
      { head: 'WEIGHT', right: true },
      { head: 'OWNS', right: true },
      { head: '' },
    ]
    const most = Math.max(...reply.members.map(({ share }) => share))
    const rows = reply.members.map(({ id, weight, share }) => [
      shortId(id),
      String(weight),
      percent(share),
      bar(share / most),
    ])
    print(
      options,
      reply,
      () => `${table(columns, rows)}\n${dim(`${reply.positions} positions in ${rows.length} members`)}`,
    )
  })
}

/** A node that leaves ends within this time, or ends itself (stop.ts). */
const LEAVE_MAX_MS = 15_000
const POLL_MS = 50

/** Returns when the node is gone, so that scripts may go on with its port. */
function leave(options: ClientOptions): Promise<void> {
  return withApi(options, async api => {
    const { id } = await api.json<{ id: string }>('/v1/node')
    await api.request('POST', '/v1/leave')
    const until = performance.now() + LEAVE_MAX_MS
    while (await answers(api)) {
      if (performance.now() > until)
        throw new CacheMeshError('ERR_TIMEOUT', `The node at ${api.url} leaves, but has not ended`)
      await setTimeout(POLL_MS)
    }
    print(options, { left: true, id }, () => `${shortId(id)} left the mesh`)
  })
}

async function answers(api: Api): Promise<boolean> {
  try {
    await api.request('GET', '/livez')
    return true
  } catch {
    return false
  }
}
