/** Time starts at 1: core and cache take 0 for "never". Virtual ms, as all below. */
export const STARTS_AT = 1
/** What right wall clocks show when virtual time is 0. */
export const WALL_STARTS_AT = 1_760_000_000_000
/** All must be settled this long after faults end. */
export const SETTLE_MS = 30_000
/** It is settled when it has been so for this long: what somebody was accused of before has been answered, or is void. */
export const STEADY_MS = 5_000
/** And then nothing may change any more. */
export const QUIET_MS = 10_000
export const SCENARIO_MS_MIN: number = SETTLE_MS + QUIET_MS + 20_000
