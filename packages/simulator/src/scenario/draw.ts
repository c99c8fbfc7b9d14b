// Scenarios by swarm testing (Groce et al., 2012): each run leaves many kinds of trouble out and takes the
// others in strengths of its own, because kinds that are always mixed hide each other's bugs.

import { Dice } from '../chance/dice.ts'
import { drawWorkload } from '../workload/plan.ts'
import { drawFaults } from './draw-faults.ts'
import { drawHosts } from './draw-hosts.ts'
import type { Scenario } from './scenario.ts'
import { QUIET_MS, SETTLE_MS, STARTS_AT } from './times.ts'
import { drawWeather } from './weather.ts'

export interface ScenarioOptions {
  readonly seed: number
  readonly nodes: number
  /** Virtual ms of the whole run; at least `SCENARIO_MS_MIN`. */
  readonly durationMs: number
  /** Of frames and announcements, instead of a drawn one. */
  readonly loss?: number
}

export function drawScenario(options: ScenarioOptions): Scenario {
  const dice = new Dice(options.seed, 'scenario')
  const calmAt = STARTS_AT + options.durationMs - SETTLE_MS - QUIET_MS
  const weather = drawWeather(dice.fork(), options.loss)
  const workload = drawWorkload(options.seed, options.nodes)
  const hosts = drawHosts(dice.fork(), options.nodes, calmAt)
  return {
    seed: options.seed,
    meshId: 'simulated',
    hosts,
    weather,
    faults: drawFaults(dice.fork(), hosts, calmAt),
    calmAt,
    endsAt: STARTS_AT + options.durationMs,
    ...(workload && { workload }),
  }
}
