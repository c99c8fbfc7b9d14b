import { describe, expect, it } from 'vitest'
import { Dice } from '../chance/dice.ts'
import type { Weather } from '../scenario/scenario.ts'
import { FAIR } from '../scenario/weather.ts'
import { EventQueue } from '../time/event-queue.ts'
import { Links } from './links.ts'
import { around, between, Paths } from './paths.ts'

/** Three hosts and what they hear of their links. */
function network(weather: Partial<Weather> = {}, slowMs = 0) {
  const queue = new EventQueue(1)
  const heard: string[] = []
  const paths = new Paths()
  const parts = {
    queue,
    dice: new Dice(1, 'world'),
    paths,
    weather: () => ({ ...FAIR, ...weather }),
    slownessMs: (host: number) => (host === 2 ? slowMs : 0),
  }
  const links = new Links(parts, 3, {
    linkUp: (host, peer) => heard.push(`${host} up ${peer}`),
    linkDown: (host, peer) => heard.push(`${host} down ${peer}`),
    arrived: (host, from, load) => heard.push(`${host} got ${(load as Uint8Array)[0]} from ${from}`),
  })
  const pass = (): string[] => {
    while (queue.step(queue.now + 1_000));
    return heard.splice(0)
  }
  return { links, paths, queue, heard, pass }
}

describe('links', () => {
  it('are up at both ends, and carry frames in order', () => {
    const { links, pass } = network({ jitterMs: 100 })
    links.connect(0, 1)
    // Sent before the other side has heard of the link.
    for (let i = 0; i < 5; i++) links.send(0, 1, new Uint8Array([i]))
    expect(pass()).toEqual(['0 up 1', '1 up 0', ...[0, 1, 2, 3, 4].map(i => `1 got ${i} from 0`)])
    expect(links.send(0, 2, new Uint8Array(1))).toBe(false)
  })

  it('are one when both sides dial', () => {
    const { links, pass } = network()
    links.connect(0, 1)
    links.connect(1, 0)
    expect(pass()).toEqual(['0 up 1', '1 up 0'])
  })

  it('lose frames in bad weather', () => {
    const { links, pass } = network({ loss: 1 })
    links.connect(0, 1)
    expect(links.send(0, 1, new Uint8Array(1))).toBe(true)
    expect(pass()).toEqual(['0 up 1', '1 up 0'])
  })

  it('break, lose what is on its way, and can be made anew before everybody noticed', () => {
    const { links, queue, pass, heard } = network({ noticeMs: 500 })
    links.connect(0, 1)
    pass()
    links.send(0, 1, new Uint8Array(1))
    links.break(0, 1)
    links.send(1, 0, new Uint8Array(1))
    expect(pass().sort()).toEqual(['0 down 1', '1 down 0'])
    links.connect(0, 1)
    pass()
    links.break(0, 1)
    while (heard.length === 0) queue.step(queue.now + 1)
    const [first] = heard.splice(0)
    const [noticed, other] = first === '0 down 1' ? [0, 1] : [1, 0]
    links.connect(noticed, other)
    expect(pass()).toEqual([`${noticed} up ${other}`, `${other} down ${noticed}`, `${other} up ${noticed}`])
  })

  it('end with their process: gracefully after what it sent, or at once', () => {
    const { links, pass } = network()
    for (const how of ['graceful', 'crash'] as const) {
      links.connect(0, 1)
      pass()
      links.send(0, 1, new Uint8Array([7]))
      links.end(0, how)
      expect(pass()).toEqual(how === 'graceful' ? ['1 got 7 from 0', '1 down 0'] : ['1 down 0'])
      expect(links.holds(0, 1)).toBe(false)
    }
  })

  it('stay up when the other machine loses its power, until it has power again', () => {
    const { links, pass } = network()
    links.connect(0, 1)
    pass()
    links.end(0, 'power-loss')
    expect(links.send(1, 0, new Uint8Array([7]))).toBe(true)
    expect(pass()).toEqual([])
    links.reset(0)
    expect(pass()).toEqual(['1 down 0'])
  })

  it('stay up when they are cut, and carry what is sent after the cut', () => {
    const { links, paths, pass } = network()
    links.connect(0, 1)
    pass()
    const heal = paths.add(around(new Set([0]), 'out'))
    links.send(0, 1, new Uint8Array([1]))
    links.send(1, 0, new Uint8Array([2]))
    expect(pass()).toEqual(['0 got 2 from 1'])
    heal()
    links.send(0, 1, new Uint8Array([3]))
    expect(pass()).toEqual(['1 got 3 from 0'])
  })

  it('are closed at one end at once, and at the other when word of it gets through', () => {
    const { links, paths, pass, queue, heard } = network()
    links.connect(0, 1)
    pass()
    const heal = paths.add(between(0, 1, 'both'))
    links.close(0, 1)
    while (queue.now < 5_000) queue.step(queue.now + 100)
    expect(heard.splice(0)).toEqual(['0 down 1'])
    heal()
    expect(pass()).toEqual(['1 down 0'])
  })

  it('carry what a slow host sends late, and in order', () => {
    const { links, queue, pass, heard } = network({}, 500)
    links.connect(0, 2)
    pass()
    for (let i = 0; i < 9; i++) links.send(2, 0, new Uint8Array([i]))
    const sentAt = queue.now
    while (heard.length < 9) queue.step(queue.now + 1_000)
    expect(queue.now - sentAt).toBeGreaterThan(100)
    expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map(i => `0 got ${i} from 2`))
  })

  it('bring nothing to a process that ended before it heard of the link', () => {
    const { links, pass } = network()
    links.connect(0, 1)
    links.end(1, 'graceful')
    links.send(0, 1, new Uint8Array([7]))
    expect(pass()).toEqual(['0 up 1', '0 down 1'])
  })
})
