import { describe, expect, it, vi } from 'vitest'
import { startMesh } from './testing/mesh.ts'

describe('a namespace with rules', () => {
  it('keeps its directories together, moves them when the rules change, and loses nothing', async () => {
    const [a, b, c] = await startMesh(3)
    if (!a || !b || !c) throw new Error('A mesh of three has three nodes')
    const nodes = [a, b, c]
    const names = ['users/7/name', 'users/7/mail', 'users/8/name', 'eu/1', 'eu/2', 'eu/3', 'other']
    const on = (key: string, of = nodes) => new Set(of.map(node => node.namespace('shop').route(key).owner))
    for (const name of names) await a.namespace('shop').set(name, `value of ${name}`)
    const partition = [
      { prefix: 'users/', by: 'directory' },
      { prefix: 'eu/', members: [b.id] },
    ]
    await a.mesh.update({ namespaces: { shop: { partition } } })
    await vi.waitFor(() => {
      for (const name of names.filter(it => it.startsWith('eu/'))) expect(on(name)).toEqual(new Set([b.id]))
      expect(on('users/7/mail')).toEqual(on('users/7/name'))
      expect(on('users/7/any').size).toBe(1)
    })
    for (const node of nodes)
      for (const name of names) expect(await node.namespace('shop').get(name)).toBe(`value of ${name}`)
    await c.mesh.update({ namespaces: { shop: { partition: [{ prefix: 'eu/', members: [c.id] }] } } })
    await vi.waitFor(() => expect(on('eu/1')).toEqual(new Set([c.id])))
    for (const name of names) expect(await b.namespace('shop').get(name)).toBe(`value of ${name}`)
    await vi.waitFor(() => {
      for (const name of ['eu/1', 'eu/2', 'eu/3'])
        expect(c.namespace('shop').peek(name)).toBe(`value of ${name}`)
    })
  })
})
