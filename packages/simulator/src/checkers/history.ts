import { SETTINGS } from '@cachemesh/core'
import type { Scenario } from '../scenario/scenario.ts'
import type { Host } from '../world/host.ts'
import { Atomicity } from './atomicity.ts'
import { Certainty } from './certainty.ts'
import type { Checker } from './checker.ts'
import { Deletions } from './deletions.ts'
import { Erased } from './erased.ts'
import { Evenness } from './evenness.ts'
import { FinalReads } from './final-reads.ts'
import { HerdLoads } from './herd-loads.ts'
import type { HistoryChecker } from './history-checker.ts'
import { Hops } from './hops.ts'
import { InTime } from './in-time.ts'
import { Losses } from './losses.ts'
import { Overload } from './overload.ts'
import { Ownership } from './ownership.ts'
import { Pauses } from './pauses.ts'
import { Staleness } from './staleness.ts'
import { StandingIn } from './standing-in.ts'
import { ValuesRead } from './values-read.ts'

/** Everybody who judges what programs are told; some of them watch the nodes too. */
export function historyCheckers(
  scenario: Scenario,
  hosts: readonly Host[],
): {
  readonly judges: readonly HistoryChecker[]
  readonly checkers: readonly Checker[]
  readonly herds: HerdLoads
  readonly evenness: Evenness
} {
  const ownership = new Ownership()
  const inTime = new InTime(hosts)
  const standingIn = new StandingIn(scenario)
  const pauses = new Pauses(scenario)
  const deletions = new Deletions(hosts)
  const herds = new HerdLoads(scenario, ownership)
  const evenness = new Evenness(hosts, scenario.measures?.evenness)
  const overload = new Overload(hosts, scenario.measures?.overload)
  return {
    judges: [
      ownership,
      new ValuesRead(),
      inTime,
      new Hops(),
      new Certainty(ownership, hosts),
      new Atomicity(ownership, hosts),
      new Erased(ownership),
      deletions,
      new Staleness(ownership, scenario.workload?.leaseMs ?? SETTINGS.leaseMs.default),
      new Losses(scenario, hosts),
      standingIn,
      pauses,
      new FinalReads(hosts),
      herds,
      evenness,
      overload,
    ],
    checkers: [ownership, inTime, standingIn, pauses, deletions, herds, evenness, overload],
    herds,
    evenness,
  }
}
