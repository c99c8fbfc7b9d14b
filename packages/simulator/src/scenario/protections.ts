import type { Rules } from '@cachemesh/core'

const NEVER = Number.POSITIVE_INFINITY

/** For each protection the rules of a node that lacks it: for showing what it is for. */
export const PROTECTIONS = {
  /** The accused has no time to answer. */
  refutation: { refuteMs: 0 },
  /** A pause of this node is silence of the others; and whoever asks them after it, as for fencing, has heard them. */
  'local-health': { lateMs: NEVER, doubtMax: 1, fencing: 0 },
  /** One accuser is enough. */
  accusers: { accusersShare: 0, accusersMin: 1 },
  /** Nobody asks others whether they reach a silent member. */
  helpers: { helpersMax: 0 },
  /** Where too few observers are left nobody is ever removed. */
  'slow-rule': { slowAfterMs: NEVER },
  /** A removal that comes from elsewhere is merged at once. */
  hold: { holdMs: 0 },
  /** Few tombstones are kept, and of those that are dropped nothing is left. */
  horizon: { tombstonesMin: 2, tombstonesPerLiving: 0, horizon: 0 },
  /** Nobody compares what it holds with anybody. */
  'anti-entropy': { antiEntropyMs: NEVER },
  /** Whoever has been given up goes on writing into the memory of others, and answering from its own. */
  fencing: { fencing: 0 },
  /** Who owns an entry from now on begins with nothing. */
  transfers: { transfers: 0 },
  /** Whoever was asked first has to answer. */
  hedges: { hedges: 0 },
} as const satisfies Record<string, Partial<Rules>>

export type Protection = keyof typeof PROTECTIONS

export const PROTECTION_NAMES = Object.keys(PROTECTIONS) as readonly Protection[]

/**
 * The detector that comes to mind first: whoever misses two beats of another removes it. It is the baseline for
 * the rows about false removals.
 */
export const NAIVE: Partial<Rules> = {
  ...PROTECTIONS.refutation,
  ...PROTECTIONS['local-health'],
  ...PROTECTIONS.accusers,
  ...PROTECTIONS.helpers,
  ...PROTECTIONS.hold,
  silenceMs: 1_500,
  checkMs: 1,
}
