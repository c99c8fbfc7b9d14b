// Each scenario once, small; `npm run chaos` runs them larger, longer and again and again. Durations depend on the
// machine, so they are told and not judged, but for the one thing that no machine excuses: a call past its deadline.

import { describe, expect, it } from 'vitest'
import { coldStart } from './cold-start.ts'
import { cut } from './cut.ts'
import { frozen } from './frozen.ts'
import { join } from './join.ts'
import { killedOwner } from './killed-owner.ts'
import { rollingRestart } from './rolling-restart.ts'

const isLinux = process.platform === 'linux'

describe('real processes', { timeout: 120_000 }, () => {
  it.runIf(isLinux)('started at once all come to one configuration', async ({ annotate }) => {
    const result = await coldStart({ nodes: 10 })
    await annotate(JSON.stringify(result))
    expect(result).toMatchObject({ nodes: 10, stuck: 0 })
  })

  it('answer for the keys of an owner that is killed under load, each call within its deadline', async ({
    annotate,
  }) => {
    const result = await killedOwner({ nodes: 3 })
    await annotate(JSON.stringify(result))
    expect(result.pastDeadline).toBe(0)
    // Every key was answered again.
    expect(Number.isFinite(result.firstAnswer.max)).toBe(true)
  })

  it('lose nothing and refuse nothing while each of them is restarted in turn', async ({ annotate }) => {
    const result = await rollingRestart({ nodes: 3 })
    await annotate(JSON.stringify(result))
    expect(result).toMatchObject({ hitsBefore: 100, failed: 0 })
    expect(result.hitsLowest).toBeGreaterThanOrEqual(97)
  })

  it('load nothing anew because one joins', async ({ annotate }) => {
    const result = await join({ nodes: 2 })
    await annotate(JSON.stringify(result))
    expect(result.failed).toBe(0)
    expect(result.loads).toBeGreaterThan(0)
    expect(result.ratio).toBeLessThanOrEqual(1.1)
  })

  it('remove nobody when one of them stands still for two seconds', async ({ annotate }) => {
    const result = await frozen({ nodes: 3, frozenMs: 2_000 })
    await annotate(JSON.stringify(result))
    expect(result).toMatchObject({ removed: false, falseRemovals: 0 })
  })

  it.runIf(isLinux)(
    'go on when two of them cannot reach each other, and nobody is removed',
    async ({ annotate }) => {
      const result = await cut({ kind: 'pair', nodes: 3, cutMs: 4_000 })
      await annotate(JSON.stringify(result))
      expect(result).toMatchObject({ failed: 0, removedDuring: 0 })
    },
  )

  it.runIf(isLinux)('are one mesh again after a cut in two', async ({ annotate }) => {
    const result = await cut({ kind: 'last', nodes: 3, cutMs: 3_000 })
    await annotate(JSON.stringify(result))
    // Who reaches nobody says so; the others answer everything.
    expect(Object.keys(result.failures).filter(name => name !== 'node 2 ERR_UNAVAILABLE')).toEqual([])
  })
})
