// What a run is made of, as data: drawn from a seed (draw.ts) or written by hand in a test. Nothing in it
// is decided while the run goes on, so a scenario can be printed, compared and made smaller.

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
  | {
      readonly kind: 'crash'
      readonly host: number
      /** Until it starts again; Infinity: never. */
      readonly downMs: number
      /** It keeps what the core asked to persist. */
      readonly memory: boolean
      /** It starts again at this address instead of the last one. */
      readonly movesTo?: string
    }
  /** Graceful; the process ends a while after. It may be started again. */
  | {
      readonly kind: 'leave'
      readonly host: number
      readonly downMs: number
      readonly memory: boolean
    }
  /** The link between two hosts breaks; nothing keeps them from connecting again. */
  | { readonly kind: 'break'; readonly hosts: readonly [number, number] }
  /** Nothing passes between these hosts and all others. */
  | { readonly kind: 'cut'; readonly hosts: readonly number[]; readonly forMs: number }
  /** No trouble: a gateway of the node opens at this port, and its record says so. */
  | { readonly kind: 'gateway'; readonly host: number; readonly port: number }
  /** The cache is filled with far more than fits, and flushed. */
  | { readonly kind: 'fill-cache'; readonly host: number }
)
