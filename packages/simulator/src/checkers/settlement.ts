import { packConfiguration } from '@cachemesh/core'
import { type ConfigurationRecord, isTombstone } from '@cachemesh/protocol'
import type { Host } from '../world/host.ts'
import { compareRecords } from './record-order.ts'

/**
 * What has to become true when faults end, judged over all living nodes at once: one configuration, in which
 * all of them are active and from which nothing is missing that any of them knew, and everybody is linked.
 */
export class Settlement {
  readonly #known = new Map<string, ConfigurationRecord>()

  /** @param living all nodes at the moment at which faults end */
  constructor(living: readonly Host[]) {
    for (const { core } of living) {
      for (const bucket of core.configuration.buckets) {
        for (const record of bucket.records) {
          const known = this.#known.get(record.key)
          if (known === undefined || compareRecords(record, known) > 0) this.#known.set(record.key, record)
        }
      }
    }
  }

  /** The first thing that is not settled; undefined when all is. */
  fault(living: readonly Host[]): string | undefined {
    const first = living[0]
    if (first === undefined) return undefined
    for (const host of living) {
      const fault = disagreement(first, host) ?? ownFault(host, living)
      if (fault !== undefined) return fault
    }
    return this.#missing(first)
  }

  /** Costs more than `fault`; once, when all is settled. */
  deepFault(living: readonly Host[]): string | undefined {
    const first = living[0]
    if (first === undefined) return undefined
    const text = String(packConfiguration(first.core.configuration))
    for (const host of living) {
      if (String(packConfiguration(host.core.configuration)) !== text)
        return `hosts ${first.index} and ${host.index} hold one version and two texts`
    }
    return differentOwners(living)
  }

  #missing({ core: { configuration } }: Host): string | undefined {
    for (const [key, known] of this.#known) {
      const record = configuration.record(key)
      const dropped = known.member !== undefined && known.member.since <= configuration.horizon
      if (record === undefined ? !dropped : compareRecords(record, known) < 0)
        return `${JSON.stringify(known)} was known and is ${JSON.stringify(record)}`
    }
    return undefined
  }
}

function disagreement(a: Host, b: Host): string | undefined {
  const mine = labelOf(a)
  const other = labelOf(b)
  return mine === other ? undefined : `host ${a.index} holds ${mine}, host ${b.index} ${other}`
}

function labelOf({ core }: Host): string {
  const { serial, timestamp, digest } = core.configuration.version
  return `(${serial}, ${timestamp}, ${digest})`
}

function ownFault(host: Host, living: readonly Host[]): string | undefined {
  const { core } = host
  const member = core.configuration.member(host.id)
  if (member?.state !== 'active')
    return `host ${host.index} is ${member?.state ?? 'not'} in its configuration`
  for (const [name, wanted] of Object.entries(host.attributes)) {
    const said = JSON.stringify(member[name as keyof typeof member])
    if (said !== JSON.stringify(wanted)) return `host ${host.index} has ${name} ${said} in its configuration`
  }
  if (core.state !== 'active' && (living.length > 1 || !isLoner(host)))
    return `host ${host.index} is ${core.state}`
  const unlinked = living.find(other => other !== host && !core.linked.has(other.id))
  if (unlinked !== undefined) return `host ${host.index} has no link to host ${unlinked.index}`
  if (core.linked.size >= living.length) return `host ${host.index} has links to the dead`
  return undefined
}

/** Nobody else lives, and it knows of somebody who did: then it stays alone. */
function isLoner({ core, plan, id }: Host): boolean {
  const others = core.configuration.members.some(member => member.id !== id && !isTombstone(member))
  return core.state === 'alone' && (others || plan.seeds.length > 0)
}

/** Equal configurations give equal rings; a few hosts and keys are proof of it. */
function differentOwners(living: readonly Host[]): string | undefined {
  const [first, ...others] = living
  for (const key of ['', 'a', 'user:42', 'https://example.org/']) {
    const wanted = first?.core.placement.locate(key).members.join()
    for (const host of others.slice(0, 2)) {
      if (host.core.placement.locate(key).members.join() !== wanted)
        return `hosts ${first?.index} and ${host.index} place ${JSON.stringify(key)} differently`
    }
  }
  return undefined
}
