// What a run is made of, as data: drawn from a seed (draw.ts) or written by hand in a test. Nothing in it
// is decided while the run goes on, so a scenario can be printed, compared and made smaller.

import type { Change, Rules } from '@cachemesh/core'
import type { WorkloadPlan } from '../workload/plan.ts'

export interface Scenario {
  /** Of all chance within the run. */
  readonly seed: number
  readonly meshId: string
  readonly hosts: readonly HostPlan[]
  readonly weather: Weather
  /** In the order of their times; none after `calmAt`. */
  readonly faults: readonly Fault[]
  /** Virtual ms at which faults end: nothing is lost any more and every path is whole. */
  readonly calmAt: number
  readonly endsAt: number
  /** All hosts have one configuration on their disks before they start, in which all of them are active. */
  readonly established?: boolean
  /** Settings that the mesh is founded with. */
  readonly settings?: Readonly<Record<string, number>>
  /** Of all nodes, in place of their own: for showing what a rule is for. */
  readonly rules?: Partial<Rules>
  readonly measures?: Measures
  /** What programs do with the cache; without it there are none. */
  readonly workload?: WorkloadPlan
}

/** What is measured, and what bounds it: beyond them a rule is broken. */
export interface Measures {
  /** A member is removed although its process was up, moved, and could be reached. */
  readonly falseRemovals?: 'forbidden'
  /** Whoever is gone for good, or cut off, is removed at all these hosts (undefined: at all) within a time. */
  readonly detection?: { readonly withinMs: number; readonly watchers?: readonly number[] }
  /** What is sent before this moment is not for the changes that come, and reads before it are not measured. */
  readonly changesFrom?: number
  /** After a cut all hold one configuration within a time, and meanwhile no ring loses a member of its own side. */
  readonly heal?: { readonly withinMs: number }
  /** From then till then no node answers so many times as many reads as nodes do on average; and arcs cool down. */
  readonly evenness?: { readonly from: number; readonly to: number; readonly most: number }
  /**
   * One host has more to do than it gets done, from then till then. Calls of the others end within a time, and so great a share
   * of them with an answer.
   */
  readonly overload?: {
    readonly host: number
    readonly from: number
    readonly to: number
    readonly withinMs: number
    readonly goodput: number
  }
  /** At the end a write that was acknowledged for certain is not there any more, nor a later one. */
  readonly losses?: 'forbidden'
}

/** One machine on which a node starts, and may start again. */
export interface HostPlan {
  /** Identity of its node. */
  readonly id: string
  /** HOST:PORT. */
  readonly address: string
  /** Bootstrap peers as HOST:PORT; may name itself. */
  readonly seeds: readonly string[]
  readonly startsAt: number
  readonly weight: number
  /** Its wall clock minus the right one. */
  readonly clockSkewMs: number
  /** Its timers fire up to this much late. */
  readonly lateMaxMs: number
}

/** How the network behaves until it is calm. Probabilities from 0 to 1. */
export interface Weather {
  /** One way: at least `delayMs`, at most that and `jitterMs`; both last through the calm. */
  readonly delayMs: number
  readonly jitterMs: number
  /** Of a frame on a link. */
  readonly loss: number
  /** Of an announcement on each hop. */
  readonly announcementLoss: number
  /** An announcement arrives a second time, as one. */
  readonly duplicates: number
  /** An announcement's hop takes up to this much longer: it overtakes others and is overtaken. */
  readonly reorderMs: number
  /** Connecting takes up to this much longer than its round trips. */
  readonly setUpMs: number
  readonly dialFailure: number
  /** An end of a broken link notices within this time. */
  readonly noticeMs: number
}

/** Hosts are named by their index. A fault that cannot happen to a host in its state does not. */
export type Fault = { readonly at: number } & (
  | ProcessFault
  | NetworkFault
  /** The wall clock of a host jumps, for good. */
  | { readonly kind: 'clock'; readonly host: number; readonly byMs: number }
  /** No trouble: a gateway of the node opens at this port, and its record says so. */
  | { readonly kind: 'gateway'; readonly host: number; readonly port: number }
  /** No trouble: somebody sets this at the node of a host, or with null removes it. */
  | { readonly kind: 'setting'; readonly host: number; readonly name: string; readonly value: number | null }
  /** No trouble: somebody changes this at the node of a host. */
  | { readonly kind: 'change'; readonly host: number; readonly change: Change }
  /** The cache is filled with far more than fits, and flushed. */
  | { readonly kind: 'fill-cache'; readonly host: number }
)

interface Absence {
  readonly host: number
  /** Until it starts again; Infinity: never. */
  readonly downMs: number
  /** It keeps what the core asked to persist. */
  readonly memory: boolean
  /** It starts again at this address instead of the last one. */
  readonly movesTo?: string
}

export type ProcessFault =
  /** The process ends. Its kernel closes its links, and refuses dials until it starts again. */
  | ({ readonly kind: 'crash' } & Absence)
  /** The whole machine is off: it says nothing any more, not even that it is gone. */
  | ({ readonly kind: 'power-loss' } & Absence)
  /**
   * Graceful; the process ends a while after. It may be started again. `handsOver`: it waits first until the others have
   * what it held, for as long as nodes do.
   */
  | ({ readonly kind: 'leave'; readonly handsOver?: boolean } & Absence)
  /** All processes crash within a time, and start again with their memory, each `downMs` after it crashed. */
  | { readonly kind: 'restart-all'; readonly withinMs: number; readonly downMs: number }
  /** These crash and never come back, and nothing is left in the mesh that newcomers know. */
  | { readonly kind: 'seeds-gone'; readonly hosts: readonly number[] }
  /** As by SIGSTOP: no step, no timer. Links stay up, and what arrives waits. */
  | { readonly kind: 'freeze'; readonly host: number; readonly forMs: number }
  /** Freezes of `pauseMs` again and again, with up to `betweenMs` of life between them. */
  | {
      readonly kind: 'starve'
      readonly host: number
      readonly forMs: number
      readonly pauseMs: number
      readonly betweenMs: number
    }

/** Which frames are stopped, seen from the hosts that the fault names first. */
export type Ways = 'both' | 'in' | 'out'

export type NetworkFault =
  /** The link between two hosts breaks; nothing keeps them from connecting again. */
  | { readonly kind: 'break'; readonly hosts: readonly [number, number] }
  /** Nothing passes between these hosts and all others; what links they have break. */
  | { readonly kind: 'cut'; readonly hosts: readonly number[]; readonly forMs: number }
  /** Links stay up, and frames between these hosts and all others vanish: both ways, or only in, or only out. */
  | {
      readonly kind: 'silent-cut'
      readonly hosts: readonly number[]
      readonly ways: Ways
      readonly forMs: number
    }
  /** The same between two hosts, whom all others still reach. */
  | {
      readonly kind: 'part'
      readonly hosts: readonly [number, number]
      readonly ways: Ways
      readonly forMs: number
    }
  /** Two hosts are parted and can reach each other in turn, `periodMs` each. */
  | {
      readonly kind: 'flap'
      readonly hosts: readonly [number, number]
      readonly periodMs: number
      readonly forMs: number
    }
  /** Pairs of hosts are parted one by one, and come together again in an order of chance. */
  | { readonly kind: 'swizzle'; readonly pairs: number; readonly forMs: number }
  /** What this host sends and gets takes up to `delayMs` longer. */
  | { readonly kind: 'slow'; readonly host: number; readonly delayMs: number; readonly forMs: number }
