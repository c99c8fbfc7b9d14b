import { expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { BOUNDS, TIMES } from '../limits/limits.ts'
import { Listeners } from './listeners.ts'

const PEERS = Array.from({ length: 40 }, (_, i) => `peer ${i}`)

it('are a few by chance, and all whose links gossip does not use yet, but never who said it', () => {
  const linked = new Set<string>()
  const listeners = new Listeners(linked, new Random(1))
  for (const peer of PEERS) {
    linked.add(peer)
    listeners.linkUp(peer, 1_000)
  }
  const old = 1_000 + TIMES.youngMs
  expect(listeners.all(old)).toHaveLength(BOUNDS.toldMax)
  for (const peer of ['peer 1', 'peer 2']) listeners.linkUp(peer, old)
  expect(listeners.all(old + 1, 'peer 2')).toContain('peer 1')
  expect(listeners.all(old + 1, 'peer 2')).not.toContain('peer 2')
  listeners.linkDown('peer 1')
  expect(listeners.young(old + 1)).toEqual(['peer 2'])
})

it('are not the whole mesh when all its links come up at once', () => {
  const listeners = new Listeners(new Set(PEERS), new Random(1))
  for (const peer of PEERS) listeners.linkUp(peer, 0)
  expect(listeners.all(1).length).toBeLessThanOrEqual(BOUNDS.youngMax + BOUNDS.toldMax)
})
