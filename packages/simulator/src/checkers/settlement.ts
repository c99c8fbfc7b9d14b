import { observersOf, Placement, packConfiguration } from '@cachemesh/core'
import { type ConfigurationRecord, isTombstone } from '@cachemesh/protocol'
import type { Host } from '../world/host.ts'
import { compareRecords } from './record-order.ts'

/** So many hosts of a large mesh are asked for what costs more than a glance. */
const SAMPLE = 50

/**
 * What has to become true when faults end, judged over all living nodes at once: one configuration, in which
 * all of them are active, none of the dead is, and from which nothing is missing that any of them knew; and
 * everybody is linked with those who watch it.
 */
export class Settlement {
  readonly #known = new Map<string, ConfigurationRecord>()
  #watched: { digest: string; observers: ReadonlyMap<string, readonly string[]> } | undefined

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
    return undead(first, living) ?? this.#unlinked(living) ?? this.#missing(first)
  }

  #unlinked(living: readonly Host[]): string | undefined {
    const byId = new Map(living.map(host => [host.id, host]))
    for (const [id, observers] of this.#observers(living)) {
      const host = byId.get(id) as Host
      for (const observer of observers) {
        if (!byId.has(observer)) continue
        if (host.core.linked.has(observer) && byId.get(observer)?.core.linked.has(id)) continue
        return `host ${host.index} and host ${byId.get(observer)?.index}, who watches it, have no link`
      }
    }
    return undefined
  }

  #observers(living: readonly Host[]): ReadonlyMap<string, readonly string[]> {
    const configuration = (living[0] as Host).core.configuration
    const { digest } = configuration.version
    if (this.#watched?.digest !== digest) {
      const observers = new Map(sampled(living).map(({ id }) => [id, observersOf(configuration, id)]))
      this.#watched = { digest, observers }
    }
    return this.#watched.observers
  }

  /** Costs more than `fault`; once, when all is settled. */
  deepFault(living: readonly Host[]): string | undefined {
    const first = living[0]
    if (first === undefined) return undefined
    const text = String(packConfiguration(first.core.configuration))
    for (const host of sampled(living)) {
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

/** Hosts from all over the mesh; all of a small one. */
function sampled(living: readonly Host[]): Host[] {
  const stride = Math.max(1, Math.floor(living.length / SAMPLE))
  return living.filter((_, place) => place % stride === 0)
}

function disagreement(a: Host, b: Host): string | undefined {
  const mine = a.core.configuration.version
  const other = b.core.configuration.version
  const agree =
    mine.digest === other.digest && mine.serial === other.serial && mine.timestamp === other.timestamp
  return agree ? undefined : `host ${a.index} holds ${labelOf(a)}, host ${b.index} ${labelOf(b)}`
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
  return undefined
}

/** A node alone needs longer to give up all others than there is time. */
function undead({ index, core }: Host, living: readonly Host[]): string | undefined {
  if (living.length === 1) return undefined
  const members = core.configuration.members.filter(member => !isTombstone(member))
  if (members.length === living.length) return undefined
  const ids = new Set(living.map(({ id }) => id))
  const dead = members.find(({ id }) => !ids.has(id))
  return `host ${index} takes ${dead?.id} for a member, which does not run`
}

/** Nobody else lives, and it knows of somebody who did: then it stays alone. */
function isLoner({ core, plan, id }: Host): boolean {
  const others = core.configuration.members.some(member => member.id !== id && !isTombstone(member))
  return core.state === 'alone' && (others || plan.seeds.length > 0)
}

/**
 * Equal configurations give equal rings; a few hosts and keys are proof of it. The ring that they are held against is
 * built here from nothing: those of the nodes came about step by step, and are shared.
 */
function differentOwners(living: readonly Host[]): string | undefined {
  const [first] = living
  if (first === undefined) return undefined
  const fresh = new Placement('')
  fresh.update(first.core.configuration)
  for (const key of ['', 'a', 'user:42', 'https://example.org/']) {
    const wanted = fresh.locate(key).members.join()
    for (const host of living.slice(0, 3)) {
      if (host.core.placement.locate(key).members.join() !== wanted)
        return `host ${host.index} places ${JSON.stringify(key)} where its configuration does not`
    }
  }
  return undefined
}
