import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createMembership } from './create-membership.ts'
import { createNode } from './create-node.ts'
import type { KeptName, MemberStorage } from './data-dir/member-storage.ts'
import type { Membership } from './membership.ts'
import type { MembershipOptions } from './options/options.ts'
import { startNode } from './testing/mesh.ts'

async function join(options: MembershipOptions = {}): Promise<Membership> {
  const member = await createMembership(options)
  onTestFinished(() => member.close())
  return member
}

/** A table in memory: one row for each name. */
class Table implements MemberStorage {
  readonly rows = new Map<KeptName, Uint8Array>()
  full = false

  async load(name: KeptName): Promise<Uint8Array | undefined> {
    return this.rows.get(name)
  }

  async save(name: KeptName, bytes: Uint8Array): Promise<void> {
    if (this.full) throw new Error('the table is full')
    this.rows.set(name, bytes)
  }
}

const agree = (members: readonly Membership[]) =>
  vi.waitFor(
    () => {
      const seen = new Set(members.map(one => JSON.stringify(one.configuration.version)))
      const sizes = members.map(one => one.members.length)
      expect([seen.size, ...sizes]).toEqual([1, ...members.map(() => members.length)])
    },
    { timeout: 15_000, interval: 20 },
  )

describe('members that cache nothing', () => {
  it('know each other and agree on what one of them writes, which the watches of all see', async () => {
    const a = await join()
    const [b, c] = [await join({ seeds: a.addresses }), await join({ seeds: a.addresses })]
    await agree([a, b, c])
    const store = { url: 'postgres://replica-1', weight: 2 }
    const watches = [a, c].map(async member => {
      for await (const { stores } of member.mesh.watch()) if (stores['db/1']) return stores['db/1']
      return undefined
    })
    await b.mesh.update({ stores: { 'db/1': store } })
    expect(await Promise.all(watches)).toEqual([store, store])
    await c.leave()
    await vi.waitFor(() => expect(a.members.map(({ id }) => id).sort()).toEqual([a.id, b.id].sort()))
  })

  it('own no keys in a mesh with nodes that cache', async () => {
    const node = await startNode()
    const member = await join({ seeds: node.addresses })
    await agree([node, member])
    expect(node.ring.members.map(({ id, share }) => [id, share])).toEqual(
      expect.arrayContaining([[node.id, 1]]),
    )
    for (let i = 0; i < 50; i++) expect(node.route(`key-${i}`).local).toBe(true)
    await node.set('k', 1)
    expect(await node.get('k')).toBe(1)
    expect('get' in member).toBe(false)
  })

  it('take no options that are about keys', async () => {
    for (const option of ['memory', 'weight', 'timeout', 'sed']) {
      await expect(createMembership({ [option]: 1 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    }
    for (const storage of [{}, { load() {} }]) {
      await expect(createMembership({ storage } as never)).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
      })
    }
    const both = { storage: new Table(), dataDir: '/nowhere' }
    await expect(createMembership(both)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})

describe('a storage of the program', () => {
  it('makes a restart the same member, that finds its mesh without a seed', async () => {
    const storage = new Table()
    const other = await join()
    const first = await join({ storage, seeds: other.addresses })
    await agree([other, first])
    expect(first.readiness.storage).toBe('kept')
    await first.close()
    const second = await join({ storage })
    expect(second.id).toBe(first.id)
    await agree([other, second])
  })

  it('serves a node that caches as well', async () => {
    const storage = new Table()
    const node = await createNode({ storage })
    await node.mesh.update({ settings: { colour: 'blue' } })
    await node.close()
    const again = await startNode({ storage })
    expect([again.id, again.configuration.settings]).toEqual([node.id, { colour: 'blue' }])
  })

  it('is gone on without while it takes nothing', async () => {
    const storage = new Table()
    const member = await join({ storage })
    const warned: string[] = []
    member.on('warning', ({ code, message }) => warned.push(`${code} ${message}`))
    storage.full = true
    await member.mesh.update({ settings: { colour: 'blue' } })
    await vi.waitFor(() => expect(member.readiness).toMatchObject({ ready: true, storage: 'failing' }))
    storage.full = false
    await member.mesh.update({ settings: { colour: 'red' } })
    await vi.waitFor(() => expect(member.readiness.storage).toBe('kept'))
    expect(warned).toEqual([
      'ERR_CORRUPT_STATE configuration in the storage cannot be written (the table is full): the node goes on from memory, and tries again',
    ])
  })

  it('that holds nothing of use is refused, and left as it is', async () => {
    for (const [name, code] of [
      ['identity', 'ERR_IDENTITY'],
      ['configuration', 'ERR_CORRUPT_STATE'],
    ] as const) {
      const storage = new Table()
      storage.rows.set(name, Uint8Array.of(1, 2, 3))
      await expect(createMembership({ storage })).rejects.toMatchObject({ code })
      expect([...storage.rows]).toEqual([[name, Uint8Array.of(1, 2, 3)]])
    }
    const full = new Table()
    full.full = true
    await expect(createMembership({ storage: full })).rejects.toMatchObject({ code: 'ERR_IDENTITY' })
  })
})
