import { hashKey, setPositions } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { Random } from '../chance/random.ts'
import { Lives } from '../testing/lives.ts'
import { ARC_COOL_DOWN_MS } from './balance.ts'

const IDS = ['a', 'b', 'c', 'd', 'e']

interface Asked {
  /** Requests per second, in the whole mesh. */
  readonly perSecond: number
  /** By key, as the chance of each. */
  readonly keys: readonly number[]
  readonly forMs: number
}

/** A mesh whose owners are asked for keys, and what became of it. */
class AskedMesh {
  readonly mesh: Lives
  readonly #random = new Random(3)
  /** Virtual ms at which the arc of each position was given, shared or taken back. */
  readonly changes = new Map<number, number[]>()
  #now = 0
  #positions = ''

  constructor(ids: readonly string[] = IDS, settings?: Record<string, number>) {
    this.mesh = new Lives(ids)
    this.pass(6_000)
    if (settings) this.mesh.ask(ids[0] as string, { kind: 'update', change: { settings } })
    this.pass(1_000)
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 100) {
      this.mesh.pass(100)
      this.#now += 100
      this.#note()
    }
  }

  /** Requests per second that each node answers in the last 20 s. */
  ask({ perSecond, keys, forMs }: Asked): number[] {
    const sums = keys.map((_, i) => keys.slice(0, i + 1).reduce((sum, share) => sum + share, 0))
    const total = sums.at(-1) as number
    const answered = new Map<string, number>([...this.mesh.all.keys()].map(id => [id, 0]))
    for (let passed = 0; passed < forMs; passed += 100) {
      // One in eight is counted, and counts for eight.
      for (let i = 0; i < perSecond / 80; i++) {
        const drawn = this.#random.fraction() * total
        const key = `key ${sums.findIndex(sum => sum > drawn)}`
        const hash = hashKey(key)
        const owner = this.mesh.of('a').node.placement.owner(hash) as string
        const { node, now } = this.mesh.of(owner)
        node.load.count(key, hash, { asker: 'program', owned: true, position: hash, now })
        if (passed >= forMs - 20_000) answered.set(owner, (answered.get(owner) as number) + 0.4)
      }
      this.pass(100)
    }
    return [...answered.values()]
  }

  get positions(): { readonly position: number; readonly members: readonly string[] }[] {
    return setPositions(this.mesh.of('a').node.configuration)
  }

  #note(): void {
    const text = JSON.stringify(this.positions)
    if (text === this.#positions) return
    const before: typeof this.positions = this.#positions === '' ? [] : JSON.parse(this.#positions)
    this.#positions = text
    const line = ({ position, members }: (typeof before)[number]): string => `${position} ${members}`
    const [old, now] = [before.map(line), this.positions.map(line)]
    for (const changed of [...old.filter(it => !now.includes(it)), ...now.filter(it => !old.includes(it))]) {
      const position = Number(changed.split(' ')[0])
      const times = this.changes.get(position) ?? []
      if (times.at(-1) !== this.#now) times.push(this.#now)
      this.changes.set(position, times)
    }
  }
}

function spread(rates: readonly number[]): number {
  return (Math.max(...rates) * rates.length) / rates.reduce((sum, rate) => sum + rate, 0)
}

const ZIPF = Array.from({ length: 1_000 }, (_, i) => 1 / (i + 1))

describe('a mesh that is asked as in Zipf’s law', () => {
  it('evens out, and stays as it is', () => {
    const asked = new AskedMesh()
    const zipf = { perSecond: 4_000, keys: ZIPF }
    expect(spread(asked.ask({ ...zipf, forMs: 6_000 }))).toBeGreaterThan(1.3)
    expect(spread(asked.ask({ ...zipf, forMs: 60_000 }))).toBeLessThanOrEqual(1.25)
    const { positions } = asked
    expect(spread(asked.ask({ ...zipf, forMs: 60_000 }))).toBeLessThanOrEqual(1.25)
    expect(asked.positions).toEqual(positions)
  }, 120_000)

  it('changes no arc twice within the time in which it cools down, whatever is hot', () => {
    const asked = new AskedMesh()
    for (let part = 0; part < 6; part++) {
      // Other keys are hot now.
      const keys = [...ZIPF.slice(part * 7), ...ZIPF.slice(0, part * 7)]
      asked.ask({ perSecond: 4_000, keys, forMs: 25_000 })
    }
    expect(asked.changes.size).toBeGreaterThan(5)
    for (const times of asked.changes.values())
      for (let i = 1; i < times.length; i++)
        expect((times[i] as number) - (times[i - 1] as number)).toBeGreaterThanOrEqual(ARC_COOL_DOWN_MS)
  })

  it('is left as it is when that is what the configuration says, or where a member says nothing of its load', () => {
    const off = new AskedMesh(IDS, { loadBound: 0 })
    off.ask({ perSecond: 4_000, keys: ZIPF, forMs: 20_000 })
    expect(off.positions).toEqual([])
    const older = new AskedMesh()
    // Silence would be noticed: what counts is that it says nothing of its load.
    older.mesh.drops = (from, message) => {
      if (from === 'e' && message.kind === 'beat') Object.assign(message, { load: undefined })
      return false
    }
    older.ask({ perSecond: 4_000, keys: ZIPF, forMs: 20_000 })
    expect(older.positions).toEqual([])
  })
})

describe('a member that is asked for one key more than the others for all', () => {
  it('shares its arc, once', () => {
    const asked = new AskedMesh()
    asked.ask({ perSecond: 4_000, keys: [100, ...Array(50).fill(1)], forMs: 60_000 })
    const owner = asked.mesh.of('a').node.placement.owner(hashKey('key 0')) as string
    const shared = asked.positions.filter(({ members }) => members.length > 1)
    expect(shared).toHaveLength(1)
    expect(shared[0]?.members[0]).toBe(owner)
    expect(asked.mesh.of('a').node.placement.ring.range(hashKey('key 0'))?.end).toBe(shared[0]?.position)
  })
})

describe('an arc that was given away', () => {
  it('goes back when it is asked for no more', () => {
    const asked = new AskedMesh(['a', 'b', 'c'])
    asked.ask({ perSecond: 1_600, keys: [...ZIPF.slice(0, 50)], forMs: 20_000 })
    expect(asked.positions.length).toBeGreaterThan(0)
    // Everything else alike: nothing is hot.
    asked.pass(600_000)
    asked.ask({ perSecond: 1_200, keys: [...Array(50).fill(0), ...Array(4_000).fill(1)], forMs: 150_000 })
    expect(asked.positions).toEqual([])
  }, 120_000)
})
