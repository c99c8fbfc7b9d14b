import type { Input, Output } from '@cachemesh/core'
import type { Configuration } from '@cachemesh/protocol'
import type { Ending } from '../network/links.ts'
import type { Paths } from '../network/paths.ts'
import type { Host } from '../world/host.ts'

/** One step of one node. */
export interface Step {
  readonly host: Host
  readonly now: number
  readonly input: Input
  readonly outputs: readonly Output[]
  /** What the node held before and holds after. */
  readonly before: Configuration
  readonly after: Configuration
}

/** Watches every step of every node and says what is wrong with it. It knows all nodes, as no node does. */
export interface Checker {
  readonly name: string
  /** A process has started; it has not taken a step yet. */
  started?(host: Host, now: number): void
  stepped?(step: Step): readonly string[]
  /** A step after which the node holds another document, or the same text under another label. */
  changed?(step: Step): readonly string[]
  /** A process has ended. */
  ended?(host: Host, now: number, how: Ending): void
  /** A process does not move from now on. */
  froze?(host: Host, now: number): void
  /** It is about to move again. */
  thaws?(host: Host, now: number): void
  /** A cut begins or ends. The same object throughout a run, always as it is now. */
  pathsChanged?(paths: Paths, now: number): void
  /** The run is over. */
  finished?(now: number): readonly string[]
}

/** Something that must never happen has happened. */
export interface Violation {
  readonly at: number
  readonly host: number
  readonly checker: string
  readonly what: string
}

export const FINE: readonly string[] = []
