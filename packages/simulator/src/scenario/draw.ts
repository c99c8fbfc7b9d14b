// Scenarios by swarm testing (Groce et al., 2012): each run leaves many kinds of trouble out and takes the
// others in strengths of its own, because kinds that are always mixed hide each other's bugs.

import { Dice } from '../chance/dice.ts'
import { drawFaults } from './draw-faults.ts'
import { drawHosts } from './draw-hosts.ts'
import type { Scenario, Weather } from './scenario.ts'
import { QUIET_MS, SETTLE_MS, STARTS_AT } from './times.ts'

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
  const hosts = drawHosts(dice.fork(), options.nodes, calmAt)
  return {
    seed: options.seed,
    meshId: 'simulated',
    hosts,
    weather,
    faults: drawFaults(dice.fork(), hosts, calmAt),
    calmAt,
    endsAt: STARTS_AT + options.durationMs,
  }
}

function drawWeather(dice: Dice, fixedLoss: number | undefined): Weather {
  const sometimes = (max: number): number => (dice.chance(0.5) ? 0 : dice.between(0, max))
  const loss = sometimes(0.3)
  const announcementLoss = dice.chance(0.15) ? 1 : sometimes(0.5)
  return {
    delayMs: dice.magnitude(0.05, 50),
    jitterMs: dice.magnitude(0.05, 100),
    loss: fixedLoss ?? loss,
    announcementLoss: fixedLoss ?? announcementLoss,
    duplicates: sometimes(0.3),
    reorderMs: dice.chance(0.5) ? 0 : dice.magnitude(10, 2_000),
    setUpMs: dice.magnitude(1, 1_000),
    dialFailure: sometimes(0.5),
    noticeMs: dice.magnitude(1, 5_000),
  }
}
