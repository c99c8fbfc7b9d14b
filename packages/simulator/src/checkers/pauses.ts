// A node that stood still for long does not answer for certain from what it held before. Meanwhile the others may have
// removed it, and somebody else has owned its keys: judged are reads at a node against writes that began and were
// acknowledged for certain while it stood still. Only where nothing else happens that may lose a write, or keep a node
// that moves again from hearing of it. And only writes of programs on nodes that it knew when it stopped: who starts before its
// seed is up founds nothing with others, but a mesh of its own, and what another such node writes, nobody can tell it
// before they have met (seed 100 of 6 nodes, storm-replicas).

import { isTombstone } from '@cachemesh/protocol'
import type { Fault, Scenario } from '../scenario/scenario.ts'
import type { Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'
import type { Checker } from './checker.ts'
import type { HistoryChecker } from './history-checker.ts'

const HARMLESS: readonly Fault['kind'][] = ['freeze', 'starve', 'gateway', 'setting']

interface Write {
  readonly id: number
  /** Whose program wrote. */
  readonly by: string
  readonly version: number
  readonly startedAt: number
  readonly acknowledgedAt: number
}

interface Pause {
  readonly from: number
  readonly to: number
  /** Whom the node knew when it stopped, itself among them. */
  readonly known: ReadonlySet<string>
}

export class Pauses implements HistoryChecker, Checker {
  readonly name = 'pauses'
  readonly #applies: boolean
  readonly #known = new Map<Host, ReadonlySet<string>>()
  /** The last of each host. */
  readonly #pauses = new Map<Host, Pause>()
  readonly #writes = new Map<string, Write[]>()

  constructor({ weather, faults }: Scenario) {
    this.#applies = weather.loss === 0 && faults.every(({ kind }) => HARMLESS.includes(kind))
  }

  froze(host: Host): void {
    if (!this.#applies) return
    const living = host.core.configuration.members.filter(member => !isTombstone(member))
    this.#known.set(host, new Set(living.map(({ id }) => id)))
  }

  thaws(host: Host, now: number): void {
    const known = this.#known.get(host) ?? new Set()
    this.#pauses.set(host, { from: host.frozenSince ?? now, to: now, known })
  }

  settled(operation: Operation, host: Host): string | undefined {
    const { id, kind, key, startedAt, settledAt, result } = operation
    if (!this.#applies || result === undefined) return undefined
    if (result.kind === 'done' && result.certain) {
      const write = {
        id,
        by: host.id,
        version: result.version,
        startedAt,
        acknowledgedAt: settledAt as number,
      }
      this.#writes.set(key, [...(this.#writes.get(key) ?? []), write])
    }
    const pause = this.#pauses.get(host)
    if (kind !== 'get' || result.kind !== 'hit' || !result.certain || result.copied || pause === undefined)
      return undefined
    const { version } = result
    const missed = this.#writes
      .get(key)
      ?.find(
        write =>
          write.version > version &&
          pause.known.has(write.by) &&
          write.startedAt >= pause.from &&
          write.acknowledgedAt <= pause.to &&
          startedAt >= pause.to,
      )
    if (missed === undefined) return undefined
    return `a read of ${key} found version ${version} at a node that had stood still; meanwhile call ${missed.id} had written version ${missed.version}`
  }
}
