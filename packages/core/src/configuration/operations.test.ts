import { describe, expect, it } from 'vitest'
import { dials, ofKind } from '../testing/life.ts'
import { Lives } from '../testing/lives.ts'
import type { Operation } from './operations.ts'

const A = ['a', 'b']
const B = ['c', 'd']
const ALL = [...A, ...B]

function set(settings: Record<string, unknown>) {
  return { kind: 'update', change: { settings } } as const satisfies Operation
}

describe('an update', () => {
  it('answers with the version it took effect in, which soon is everybody’s', () => {
    const mesh = new Lives(ALL)
    const answer = mesh.ask('b', set({ ttlMs: 5 }))
    expect(answer).toEqual({ kind: 'done', version: mesh.version, changed: true })
    expect(mesh.said('settings/ttlMs')).toEqual([5, 5, 5, 5])
    expect(mesh.ask('c', set({ ttlMs: 5 }))).toEqual({ kind: 'done', version: mesh.version, changed: false })
  })

  it('of one setting on both sides of a cut ends as one of the two everywhere', () => {
    const mesh = new Lives(ALL)
    mesh.cut(A, B)
    mesh.ask('a', set({ ttlMs: 5 }))
    mesh.ask('d', set({ ttlMs: 6 }))
    expect(mesh.said('settings/ttlMs')).toEqual([5, 5, 6, 6])
    mesh.heal(A, B)
    mesh.pass(10_000)
    expect(mesh.version).toBeDefined()
    const [won] = mesh.said('settings/ttlMs')
    expect([5, 6]).toContain(won)
    expect(new Set(mesh.said('settings/ttlMs'))).toEqual(new Set([won]))
    // Who wrote last knew of more: its counter is higher, whatever the hashes say.
    mesh.cut(A, B)
    mesh.ask('a', set({ ttlMs: 7 }))
    mesh.ask('a', set({ ttlMs: 8 }))
    mesh.ask('d', set({ ttlMs: 9 }))
    mesh.heal(A, B)
    mesh.pass(10_000)
    expect(mesh.said('settings/ttlMs')).toEqual([8, 8, 8, 8])
  })

  it('of two settings on both sides of a cut loses neither', () => {
    const mesh = new Lives(ALL)
    mesh.cut(A, B)
    mesh.ask('a', set({ ttlMs: 5 }))
    mesh.ask('d', set({ leaseMs: 6 }))
    mesh.ask('d', { kind: 'update', change: { namespaces: { users: { replicas: 1 } } } })
    mesh.heal(A, B)
    mesh.pass(10_000)
    expect(mesh.version).toBeDefined()
    expect(mesh.said('settings/ttlMs')).toEqual([5, 5, 5, 5])
    expect(mesh.said('settings/leaseMs')).toEqual([6, 6, 6, 6])
    expect(mesh.said('namespaces/users')).toEqual(Array(4).fill({ replicas: 1 }))
  })

  it('that expects another version changes nothing', () => {
    const mesh = new Lives(ALL)
    const expected = mesh.of('a').node.configuration.version
    mesh.ask('c', set({ ttlMs: 5 }))
    const { version } = mesh
    const answer = mesh.ask('a', { ...set({ ttlMs: 6 }), expected })
    expect(answer).toMatchObject({ kind: 'refused', error: { code: 'ERR_VERSION_CONFLICT' } })
    expect(mesh.version).toEqual(version)
    expect(mesh.said('settings/ttlMs')).toEqual([5, 5, 5, 5])
    const now = mesh.of('a').node.configuration.version
    expect(mesh.ask('a', { ...set({ ttlMs: 6 }), expected: now })).toMatchObject({ kind: 'done' })
  })

  it('that is malformed changes nothing, not even what is well in it', () => {
    const mesh = new Lives(A)
    const { version } = mesh
    const answer = mesh.ask('a', set({ ttlMs: 5, replicas: -1 }))
    expect(answer).toMatchObject({ kind: 'refused', error: { code: 'ERR_MALFORMED_CONFIGURATION' } })
    expect(mesh.version).toEqual(version)
  })

  it('may change what the node says of itself, in the same version', () => {
    const mesh = new Lives(A)
    const { node, me: _, now } = mesh.of('a')
    const before = node.configuration
    const { weight: __, ...attributes } = before.member('a')!
    const input = { kind: 'operation', ask: 99, operation: set({ ttlMs: 5 }) } as const
    mesh.step('a', { ...input, attributes: { ...attributes, weight: 3 } })
    expect(mesh.of('a').now).toBe(now)
    expect(node.configuration.member('a')).toMatchObject({ weight: 3 })
    const answer = mesh.answers.find(({ ask }) => ask === 99)?.answer
    expect(answer).toEqual({ kind: 'done', version: node.configuration.version, changed: true })
    expect(mesh.of('b').node.configuration.member('a')).toMatchObject({ weight: 3 })
  })

  it('is refused by a node that has left', () => {
    const mesh = new Lives(A)
    mesh.step('a', { kind: 'leave' })
    expect(mesh.ask('a', set({ ttlMs: 5 }))).toMatchObject({ kind: 'refused', error: { code: 'ERR_CLOSED' } })
  })
})

describe('propagation', () => {
  it('ends when every linked peer holds the version', () => {
    const mesh = new Lives(ALL)
    const answer = mesh.ask('a', { kind: 'propagate' })
    expect(answer).toEqual({ kind: 'propagated', version: mesh.version, peers: 3, confirmed: 3 })
  })

  it('brings peers what they have not heard, and counts the silent as not confirmed', () => {
    const mesh = new Lives(ALL)
    const slept = mesh.of('d')
    mesh.all.delete('d')
    mesh.all.set('d', { step: () => [], pass: () => [], node: slept.node } as never)
    expect(mesh.ask('a', { kind: 'propagate' })).toBeUndefined()
    mesh.pass(6_000)
    expect(mesh.answers.at(-1)?.answer).toMatchObject({ kind: 'propagated', peers: 3, confirmed: 2 })
    mesh.all.set('d', slept)
    mesh.ask('b', set({ ttlMs: 5 }))
    mesh.ask('a', { kind: 'propagate' })
    mesh.pass(1_000)
    expect(mesh.answers.at(-1)?.answer).toMatchObject({ kind: 'propagated', peers: 3, confirmed: 3 })
    expect(mesh.said('settings/ttlMs')).toEqual([5, 5, 5, 5])
  })

  it('does not wait for who is gone, nor for anybody where nobody is', () => {
    const mesh = new Lives(ALL)
    const deaf = mesh.of('d')
    mesh.all.set('d', { step: () => [], pass: () => [], node: deaf.node } as never)
    expect(mesh.ask('a', { kind: 'propagate' })).toBeUndefined()
    mesh.cut(['a'], ['d'])
    expect(mesh.answers.at(-1)?.answer).toMatchObject({ kind: 'propagated', peers: 3, confirmed: 2 })
    mesh.cut(['a'], ALL)
    expect(mesh.ask('a', { kind: 'propagate' })).toMatchObject({ peers: 0, confirmed: 0 })
  })
})

describe('a mesh that is destroyed', () => {
  it('is destroyed for all, who keep nothing of it', () => {
    const mesh = new Lives(ALL)
    mesh.ask('a', set({ ttlMs: 5 }))
    const { store, configuration } = mesh.of('c').node
    store.write('k', { value: new Uint8Array(9), contentType: '', expiresAt: Infinity }, { now: 1, wall: 1 })
    const answer = mesh.ask('b', { kind: 'destroy', expected: configuration.version })
    expect(answer).toEqual({ kind: 'done', version: mesh.version, changed: true })
    for (const { node, states } of mesh.all.values()) {
      expect(states.at(-1)).toBe('destroyed')
      expect(node.state).toBe('destroyed')
      expect(node.configuration).toMatchObject({ destroyed: true, members: [], registers: [] })
    }
    expect(store.stats.owned.entries).toBe(0)
    expect(store.reserved.get('configuration')?.byteLength).toBeLessThan(150)
  })

  it('stays so, and whoever meets it later ends too', () => {
    const mesh = new Lives(ALL)
    mesh.cut(['d'], ALL)
    mesh.ask('a', { kind: 'destroy' })
    // The one that slept goes on, and writes: its serial is far ahead of theirs.
    for (let ttlMs = 1; ttlMs <= 20; ttlMs++) mesh.ask('d', set({ ttlMs }))
    mesh.heal(['d'], ['c'])
    mesh.pass(10_000)
    expect(mesh.of('d').states.at(-1)).toBe('destroyed')
    mesh.heal(ALL, ALL)
    mesh.pass(10_000)
    expect(mesh.version).toBeDefined()
    const newcomer = mesh.add('e')
    mesh.heal(['e'], ['a'])
    expect(newcomer.states).toEqual(['destroyed'])
    for (const id of [...ALL, 'e']) {
      expect(mesh.of(id).node.configuration.destroyed).toBe(true)
      for (const operation of [set({ ttlMs: 5 }), { kind: 'destroy' } as const]) {
        const refused = { kind: 'refused', error: { code: 'ERR_MESH_DESTROYED' } }
        expect(mesh.ask(id, operation)).toMatchObject(refused)
      }
    }
  })

  it('seeks those who have not heard of it', () => {
    const mesh = new Lives(ALL)
    mesh.cut(['d'], ALL)
    mesh.ask('a', { kind: 'destroy' })
    const sought = dials(mesh.of('b').pass(10_000))
    expect(sought).toContain('d')
    expect(sought).not.toContain('a')
  })

  it('is not destroyed by who expected another version of it', () => {
    const mesh = new Lives(A)
    const answer = mesh.ask('a', { kind: 'destroy', expected: { serial: 1_000 } })
    expect(answer).toMatchObject({ kind: 'refused', error: { code: 'ERR_VERSION_CONFLICT' } })
    expect(mesh.of('b').node.state).toBe('active')
  })

  it('is written out at once', () => {
    const mesh = new Lives(['a'], { seeds: [] })
    const { node, now } = mesh.of('a')
    const outputs = node.step({ kind: 'operation', ask: 1, operation: { kind: 'destroy' } }, { now, wall: 1 })
    expect(ofKind(outputs, 'persist')).toHaveLength(1)
  })
})

describe('what a mesh agrees on at first', () => {
  const initial = { settings: { ttlMs: 5 } }

  it('is what its founder brings', () => {
    const { node } = new Lives([], {}).add('a', { seeds: [], initial })
    expect(node.configuration.register('settings/ttlMs')).toMatchObject({ json: '5', counter: 0 })
  })

  it('is there also when all begin at one moment', () => {
    const mesh = new Lives(ALL, { initial })
    expect(mesh.version).toBeDefined()
    expect(mesh.said('settings/ttlMs')).toEqual([5, 5, 5, 5])
  })

  it('is not brought into a mesh that is there, with or without settings', () => {
    const mesh = new Lives(A)
    mesh.add('c', { initial })
    mesh.heal(['c'], A)
    expect(mesh.said('settings/ttlMs')).toEqual([undefined, undefined, undefined])
  })

  it('overrides nothing of the mesh that its founder turns out to belong to', () => {
    // Ties are decided by hash: of so many some would go either way.
    const names = Array.from({ length: 10 }, (_, index) => `later-${index}`)
    const all = (value: number) => Object.fromEntries(names.map(name => [name, value]))
    const mesh = new Lives(A)
    mesh.ask('a', set({ ...all(6), leaseMs: 7 }))
    mesh.ask('b', set({ leaseMs: null }))
    mesh.add('c', { initial: { settings: { ...all(5), leaseMs: 5 } } })
    mesh.pass(6_000)
    expect(mesh.of('c').node.configuration.register('settings/later-0')?.json).toBe('5')
    mesh.heal(['c'], A)
    mesh.pass(10_000)
    for (const name of names) expect(mesh.said(`settings/${name}`)).toEqual([6, 6, 6])
    expect(mesh.said('settings/leaseMs')).toEqual([null, null, null])
  })
})
