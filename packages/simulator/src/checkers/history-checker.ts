import type { Frame } from '@cachemesh/protocol'
import type { Load, Operation } from '../workload/operation.ts'
import type { Host } from '../world/host.ts'

/** A request for a key on its way from one host to another, as its frame says. */
export interface SentRequest {
  readonly from: Host
  readonly to: Host
  readonly key: string
  /** Ids of the members that it has passed before its sender. */
  readonly hops: readonly string[]
  readonly kind: Frame['kind']
}

/** A program has erased a tag of a namespace, or all of it. */
export interface Erasing {
  /** Register of the configuration that says so, and what it says. */
  readonly register: string
  readonly counter: number
  readonly at: number
}

/** Watches what programs ask and are told, and says what is wrong with it. Times are virtual ms. */
export interface HistoryChecker {
  readonly name: string
  asked?(operation: Operation, host: Host): void
  /** It has a result now. */
  settled?(operation: Operation, host: Host): string | undefined
  /** The data store is asked. */
  loads?(load: Load, host: Host): void
  erased?(erasing: Erasing): void
  sent?(request: SentRequest): string | undefined
}
