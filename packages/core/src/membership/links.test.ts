import { describe, expect, it } from 'vitest'
import { BOUNDS } from '../limits/limits.ts'
import { Links } from './links.ts'

const NONE: ReadonlySet<string> = new Set()

/** What is closed within so long, and when; closed links are down. */
function closed(
  links: Links,
  kept: ReadonlySet<string>,
  until: number,
  each = (_now: number) => {},
): string[] {
  const all: string[] = []
  for (let now = links.wakeAt; now <= until; now = links.wakeAt) {
    each(now)
    for (const peer of links.surplus(kept, now)) {
      links.down(peer)
      all.push(peer)
    }
    expect(links.wakeAt).toBeGreaterThan(now)
  }
  return all
}

describe('links', () => {
  it('that nobody used for long are closed, those to neighbours never', () => {
    const links = new Links(0)
    for (const peer of ['idle', 'busy', 'neighbour']) links.up(peer, 0)
    const use = (): void => links.used('busy')
    expect(closed(links, new Set(['neighbour']), BOUNDS.linkIdleMs - 1, use)).toEqual([])
    expect(closed(links, new Set(['neighbour']), BOUNDS.linkIdleMs + 10_000, use)).toEqual(['idle'])
    expect([...links.linked]).toEqual(['busy', 'neighbour'])
    expect(closed(links, new Set(['neighbour']), 10 * BOUNDS.linkIdleMs)).toEqual(['busy'])
  })

  it('above the cap are closed earlier, the longest unused first, and neighbours are not', () => {
    const links = new Links(0)
    const neighbours = new Set<string>()
    for (let i = 0; i < BOUNDS.linksMax + 3; i++) {
      links.up(`p${i}`, i)
      if (i < 2) neighbours.add(`p${i}`)
    }
    for (const peer of ['p2', 'p3']) links.used(peer)
    expect(closed(links, neighbours, 10_000)).toEqual(['p4', 'p5', 'p6'])
    expect(links.linked.size).toBe(BOUNDS.linksMax)
    expect(closed(links, neighbours, 30_000)).toEqual([])
  })

  it('of neighbours alone may be more than the cap', () => {
    const links = new Links(0)
    const neighbours = new Set<string>()
    for (let i = 0; i < BOUNDS.linksMax + 30; i++) {
      links.up(`p${i}`, 0)
      neighbours.add(`p${i}`)
    }
    expect(closed(links, neighbours, 10 * BOUNDS.linkIdleMs)).toEqual([])
  })

  it('that are down are neither kept in mind nor waited for', () => {
    const links = new Links(0)
    links.up('p', 0)
    links.down('p')
    expect(links.wakeAt).toBe(Number.POSITIVE_INFINITY)
    expect(links.surplus(NONE, 2 * BOUNDS.linkIdleMs)).toEqual([])
    // A new link is young, though the last one began long ago.
    links.up('p', 3 * BOUNDS.linkIdleMs)
    expect(links.surplus(NONE, 3 * BOUNDS.linkIdleMs)).toEqual([])
    expect(closed(links, NONE, 5 * BOUNDS.linkIdleMs)).toEqual(['p'])
  })
})
