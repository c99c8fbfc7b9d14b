import { NodeCore } from '@cachemesh/core'
import { author, Configuration, type Member, memberRecord } from '@cachemesh/protocol'
import type { Checker, Step } from '../checkers/checker.ts'
import { Host } from '../world/host.ts'

export const EMPTY: Configuration = Configuration.empty('mesh')

export function memberOf(id: string, fields: Partial<Member> = {}): Member {
  return {
    id,
    incarnation: 1,
    state: 'active',
    since: 1,
    addresses: [],
    gateways: {},
    weight: 1,
    zone: '',
    software: '',
    ...fields,
  }
}

export function holding(before: Configuration, ...members: Member[]): Configuration {
  return author(before, members.map(memberRecord), 1)
}

/** A text under another serial. */
export function relabelled(text: Configuration, serial: number): Configuration {
  return Configuration.of(text, { serial, timestamp: text.version.timestamp })
}

const DISK = new Uint8Array(1)

/** A host whose node runs, with links to some peers, and maybe a configuration of an earlier life. */
export function hostOf(index: number, peers: readonly string[] = [], remembered?: Configuration): Host {
  const plan = {
    id: `host-${index}`,
    address: `10.0.0.${index}:7400`,
    seeds: [],
    startsAt: 1,
    weight: 1,
    clockSkewMs: 0,
    lateMaxMs: 0,
  }
  const host = new Host(index, plan, {
    meshId: 'mesh',
    ...(remembered && { established: { configuration: remembered, bytes: DISK } }),
    createNode: (options, at) => {
      const node = new NodeCore(options, at)
      for (const peer of peers) node.step({ kind: 'link-up', peer }, at)
      return node
    },
  })
  if (remembered) host.disk = DISK
  host.start(1, { seed: () => 1, below: () => 0 })
  return host
}

/** What a checker says about some steps. */
export function steps(checker: Checker, ...fields: Partial<Step>[]): string[] {
  const host = hostOf(0)
  const base = { host, now: 1, input: { kind: 'tick' } as const, outputs: [], before: EMPTY, after: EMPTY }
  return fields.flatMap(fieldsOfStep => {
    const step = { ...base, ...fieldsOfStep }
    const changed = step.before === step.after ? undefined : checker.changed?.(step)
    return [...(checker.stepped?.(step) ?? []), ...(changed ?? [])]
  })
}
