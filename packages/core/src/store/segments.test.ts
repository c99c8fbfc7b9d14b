import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLOCK_UNITS_MIN } from './layout.ts'
import { Segments } from './segments.ts'

const SEGMENT_BYTES = 32 * 1024
const SEGMENT_UNITS = SEGMENT_BYTES / 8

/** A block of the model: filled with a number, to see that nobody else writes into it. */
interface Kept {
  readonly units: number
  readonly mark: number
}

class Model {
  readonly segments = new Segments(SEGMENT_BYTES)
  readonly kept = new Map<number, Kept>()
  #marks = 0

  keep(address: number, units: number): void {
    const mark = ++this.#marks
    for (let word = 2; word < 2 * units; word++) this.segments.setWord(address, word, mark)
    this.kept.set(address, { units, mark })
  }

  readonly moved = (to: number, from: number): void => {
    this.kept.set(to, this.kept.get(from) as Kept)
    this.kept.delete(from)
  }

  free(address: number): void {
    this.segments.free(address)
    this.kept.delete(address)
  }

  check(): void {
    const { segments, kept } = this
    let taken = 0
    const seen: number[] = []
    for (let segment = 0; segment < segments.words.length; segment++) {
      segments.visit(segment, address => seen.push(address))
    }
    expect(seen.sort((a, b) => a - b)).toEqual([...kept.keys()].sort((a, b) => a - b))
    for (const [address, { units, mark }] of kept) {
      let unharmed = 0
      for (let word = 2; word < 2 * units; word++) if (segments.word(address, word) === mark) unharmed++
      expect(unharmed).toBe(2 * units - 2)
      taken += units
    }
    const first = (segments.words[0]?.length ?? 0) > 0 ? 1 : 0
    // What is taken may be a little more than was asked for, where the rest would be no block.
    const free = segments.count * SEGMENT_UNITS - first - taken
    expect(segments.freeUnits).toBeLessThanOrEqual(free)
    expect(segments.freeUnits).toBeGreaterThanOrEqual(free - kept.size * BLOCK_UNITS_MIN)
  }
}

const anyAct = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant('take' as const), units: fc.integer({ min: 6, max: 60 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('take' as const), units: fc.integer({ min: 60, max: 1_500 }) }),
  },
  { weight: 6, arbitrary: fc.record({ act: fc.constant('free' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('compact' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('release' as const) }) },
)

describe('segments', () => {
  it('give out blocks that nobody else writes to, wherever they are moved', () => {
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 120 }), acts => {
        const model = new Model()
        const { segments, kept } = model
        for (const act of acts) {
          const { emptiest } = segments
          if (act.act === 'take') {
            let address = segments.take(act.units)
            if (address === 0) {
              segments.grow()
              address = segments.take(act.units)
            }
            expect(address).toBeGreaterThan(0)
            model.keep(address, act.units)
          } else if (act.act === 'free') {
            const addresses = [...kept.keys()]
            if (addresses.length > 0) model.free(addresses[act.which % addresses.length] as number)
          } else if (emptiest < 0) continue
          else if (act.act === 'compact') {
            const units = segments.freeUnitsIn(emptiest)
            if (units < BLOCK_UNITS_MIN) continue
            // All the room of the segment, in one piece.
            model.keep(segments.compact(emptiest, units, model.moved), units)
          } else {
            const before = segments.count
            segments.release(emptiest, model.moved, address => model.free(address))
            expect(segments.count).toBe(before - 1)
          }
          model.check()
        }
        for (const address of [...kept.keys()]) model.free(address)
        model.check()
        // Free neighbours are one block again.
        if (segments.count > 0) expect(segments.take(SEGMENT_UNITS / 2)).toBeGreaterThan(0)
      }),
      { numRuns: 60 },
    )
  })
})
