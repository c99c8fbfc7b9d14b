import { BYTES, hashKey } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { BOUNDS, RULES } from '../limits/limits.ts'
import { Lives } from '../testing/lives.ts'

const KEYS = Array.from({ length: 200 }, (_, i) => `key ${i}`)

function write(mesh: Lives, id: string, keys: readonly string[]): void {
  const { node, now } = mesh.of(id)
  for (const key of keys) {
    const entry = { value: new Uint8Array(10), contentType: BYTES, expiresAt: Number.POSITIVE_INFINITY }
    node.store.write(key, entry, { now, wall: 1_800_000_000_000 + now })
  }
}

/** Keys of which a node holds an entry. */
function held(mesh: Lives, id: string): string[] {
  const { store } = mesh.of(id).node
  return KEYS.filter(key => store.latest(key)?.deleted === false)
}

function ownedBy(mesh: Lives, id: string): string[] {
  const { placement } = mesh.of(id).node
  return KEYS.filter(key => placement.owner(hashKey(key)) === id)
}

describe('entries', () => {
  it('go to the node that joins, as far as it owns them, and leave those who had them', () => {
    const mesh = new Lives(['a'])
    mesh.pass(6_000)
    write(mesh, 'a', KEYS)
    // Both clocks show the same.
    mesh.add('b').now = mesh.of('a').now
    mesh.heal(['a'], ['b'])
    mesh.pass(4_000)
    expect(ownedBy(mesh, 'b').length).toBeGreaterThan(20)
    expect(held(mesh, 'b')).toEqual(ownedBy(mesh, 'b'))
    expect(held(mesh, 'a')).toEqual(ownedBy(mesh, 'a'))
    expect(mesh.of('b').node.replication.state).toMatchObject({ warm: true, fullyReplicated: true })
  })

  it('go to the member in whose place they were kept over its first link, and leave, also those kept during that', () => {
    const mesh = new Lives(['a', 'b', 'c'])
    mesh.pass(6_000)
    const { node, now } = mesh.of('a')
    const [first, second] = ownedBy(mesh, 'b') as [string, string]
    const keep = (key: string): void => {
      node.replication.stoodIn(['b'], now)
      write(mesh, 'a', [key])
    }
    mesh.cut(['a'], ['b'])
    keep(first)
    mesh.drops = (from, { kind }) => from === 'b' && kind === 'fetched'
    mesh.heal(['a'], ['b'])
    keep(second)
    mesh.drops = () => false
    mesh.pass(5_000)
    expect(held(mesh, 'b').sort()).toEqual([first, second].sort())
    expect(held(mesh, 'a')).toEqual([])
  })

  it('go to the others when a node leaves', () => {
    const mesh = new Lives(['a', 'b', 'c'])
    mesh.pass(6_000)
    for (const id of ['a', 'b', 'c']) write(mesh, id, ownedBy(mesh, id))
    mesh.step('a', { kind: 'leave' })
    mesh.pass(1_000)
    expect(mesh.of('a').node.replication.handingOver).toBe(false)
    expect([...held(mesh, 'b'), ...held(mesh, 'c')].sort()).toEqual([...KEYS].sort())
  })

  it('go in steps where there are many: a look at all of them at once would stop the node', () => {
    const mesh = new Lives(['a', 'b'])
    mesh.pass(6_000)
    const many = Array.from({ length: 3 * BOUNDS.scanMax }, (_, i) => `key ${i}`)
    write(mesh, 'a', many)
    const { node, now } = mesh.of('a')
    for (const gone of many.slice(0, 100)) node.store.remove(gone, { now, wall: 1_800_000_000_000 + now })
    mesh.ask('b', { kind: 'update', change: { settings: { replicas: 1 } } })
    mesh.pass(10_000)
    const entriesOf = (id: string) =>
      many.filter(key => mesh.of(id).node.store.latest(key)?.deleted === false)
    expect(entriesOf('b')).toEqual(many.slice(100))
    expect(entriesOf('a')).toEqual(many.slice(100))
    // Whoever had nothing needs no delete markers, and gets them when both are compared the next time. Then nothing is different.
    mesh.pass(2 * RULES.repairMs)
    const { transferred } = mesh.of('b').node.replication.state
    mesh.pass(2 * RULES.repairMs)
    expect(mesh.of('b').node.replication.state).toMatchObject({ transferred, fullyReplicated: true })
  })

  it('get a replica each as soon as the mesh wants one, and deleted ones none', () => {
    const mesh = new Lives(['a', 'b', 'c'])
    mesh.pass(6_000)
    for (const id of ['a', 'b', 'c']) write(mesh, id, ownedBy(mesh, id))
    const [gone] = ownedBy(mesh, 'a') as [string]
    const { node, now } = mesh.of('a')
    node.store.remove(gone, { now, wall: 1_800_000_000_000 + now })
    mesh.ask('b', { kind: 'update', change: { settings: { replicas: 1 } } })
    mesh.pass(3_000)
    const all = ['a', 'b', 'c'].flatMap(id => held(mesh, id))
    for (const key of KEYS)
      expect([key, all.filter(one => one === key).length]).toEqual([key, key === gone ? 0 : 2])
    for (const id of ['a', 'b', 'c']) expect(mesh.of(id).node.replication.state.fullyReplicated).toBe(true)
  })

  it('of an arc go to the member that gets it, and nobody else is asked for anything', () => {
    const mesh = new Lives(['a', 'b', 'c'])
    mesh.pass(6_000)
    for (const id of ['a', 'b', 'c']) write(mesh, id, ownedBy(mesh, id))
    const [key] = ownedBy(mesh, 'a') as [string]
    const position = hashKey(key)
    const cold: string[] = []
    const change = { placements: { [position]: { members: ['b'] } } }
    const transfersOf = (id: string) => mesh.of(id).node.replication.state.transferred
    const before = ['a', 'c'].map(transfersOf)
    mesh.ask('a', { kind: 'update', change })
    for (let i = 0; i < 40; i++) {
      mesh.pass(100)
      for (const id of ['a', 'c']) if (mesh.of(id).node.replication.cold) cold.push(id)
    }
    expect(ownedBy(mesh, 'b')).toContain(key)
    expect(held(mesh, 'b')).toEqual(ownedBy(mesh, 'b'))
    expect(held(mesh, 'a')).toEqual(ownedBy(mesh, 'a'))
    expect(cold).toEqual([])
    expect(['a', 'c'].map(transfersOf)).toEqual(before)
  })
})
