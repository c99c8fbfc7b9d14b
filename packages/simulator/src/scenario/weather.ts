import type { Dice } from '../chance/dice.ts'
import type { Weather } from './scenario.ts'

/** A local network in which nothing is lost. */
export const FAIR: Weather = {
  delayMs: 0.2,
  jitterMs: 1,
  loss: 0,
  announcementLoss: 0,
  duplicates: 0,
  reorderMs: 0,
  setUpMs: 20,
  dialFailure: 0,
  noticeMs: 10,
}

export function drawWeather(dice: Dice, fixedLoss: number | undefined): Weather {
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
