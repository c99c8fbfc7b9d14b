import { TIMES, VersionClock } from '@cachemesh/core'
import { WALL_STARTS_AT } from '../scenario/times.ts'

/**
 * False for a version that everybody else refuses, for it lies too far ahead: a node has given it in the moment after its
 * clock jumped, before it compared clocks with anybody. What was written so is nowhere but there, and lost with it.
 */
export function isSane(version: number, at: number): boolean {
  return version <= new VersionClock().current(WALL_STARTS_AT + at + TIMES.clockAheadMaxMs)
}
