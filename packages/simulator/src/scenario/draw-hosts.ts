import type { Dice } from '../chance/dice.ts'
import type { HostPlan } from './scenario.ts'
import { STARTS_AT } from './times.ts'

export function drawHosts(dice: Dice, count: number, calmAt: number): HostPlan[] {
  const seedCount = Math.min(count, 1 + dice.below(3))
  const seedAddresses = Array.from({ length: seedCount }, (_, index) => addressOf(index))
  // All at once, or one after another through a part of the run.
  const startWithinMs = Math.min(dice.chance(0.3) ? 100 : dice.magnitude(100, calmAt), calmAt * 0.8)
  const founderKnowsSeeds = dice.chance(0.5)
  const skewMs = dice.chance(0.5) ? 0 : dice.magnitude(10, 60_000)
  const weighted = dice.chance(0.2)
  const lateMaxMs = dice.chance(0.5) ? 0 : dice.magnitude(1, 200)
  return seedAddresses
    .concat(Array.from({ length: count - seedCount }, (_, index) => addressOf(seedCount + index)))
    .map((address, index) => ({
      id: nodeId(dice, index),
      address,
      seeds: drawSeeds(dice, index, { seedAddresses, founderKnowsSeeds }),
      startsAt: STARTS_AT + (index === 0 && dice.chance(0.7) ? 0 : dice.between(0, startWithinMs)),
      weight: weighted ? dice.pick([0, 0.5, 1, 2]) : 1,
      clockSkewMs: dice.between(-skewMs, skewMs),
      lateMaxMs,
    }))
}

/** The first host founds the mesh; all others know it, some other bootstrap peers too. */
function drawSeeds(
  dice: Dice,
  index: number,
  known: { seedAddresses: readonly string[]; founderKnowsSeeds: boolean },
): string[] {
  const { seedAddresses, founderKnowsSeeds } = known
  if (index === 0) return founderKnowsSeeds ? [...seedAddresses] : []
  const others = seedAddresses.slice(1)
  return [seedAddresses[0] as string, ...dice.sample(others, dice.below(others.length + 1))]
}

/** HOST:PORT of a host. */
export function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:7400`
}

/** As long as a peer id, so that bytes on the wire are those of a real mesh; its number is readable in it. */
function nodeId(dice: Dice, index: number): string {
  const letters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let id = ''
  while (id.length < 40) id += letters[dice.below(letters.length)]
  return `12D3KooW${id}${String(index).padStart(4, '0')}`
}
