import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { createNode } from '../create-node.ts'
import { directory } from '../data-dir/testing/directory.ts'
import type { CacheMeshNode } from '../node.ts'
import { converged, keysOf, startMesh, startNode } from '../testing/mesh.ts'

/** Waits until each of them has seen this version's text. */
async function reached(nodes: readonly CacheMeshNode[], { digest }: { digest: string }): Promise<void> {
  await vi.waitFor(() => {
    for (const node of nodes) expect(node.configuration.version.digest).toBe(digest)
  })
}

describe('a change of the configuration', () => {
  it('holds where it was made when it resolves, and then everywhere, in the version it names', async () => {
    const [a, b, c] = (await startMesh(3)) as [CacheMeshNode, CacheMeshNode, CacheMeshNode]
    const { version, changed } = await b.mesh.update({
      settings: { ttlMs: '5m', colour: 'blue' },
      namespaces: { users: { ttlMs: 1_000 } },
      stores: { db: { url: 'postgres://db' } },
    })
    expect(changed).toBe(true)
    expect(b.configuration).toMatchObject({ version, settings: { ttlMs: 300_000, colour: 'blue' } })
    expect(await b.mesh.propagate()).toEqual({ version, peers: 2, confirmed: 2 })
    for (const node of [a, c]) expect(node.configuration).toEqual(b.configuration)
    const again = await c.mesh.update({ settings: { ttlMs: 300_000 } })
    expect(again).toEqual({ version, changed: false })
    const whole = await a.mesh.replace({ settings: { colour: 'red' } })
    expect(a.configuration).toMatchObject({ settings: { colour: 'red' }, namespaces: {}, stores: {} })
    expect(a.configuration.members).toHaveLength(3)
    await reached([b, c], whole.version)
  })

  it('that expects another version changes nothing, and says which there is', async () => {
    const node = await startNode()
    const { version } = node.configuration
    const { serial, digest } = version
    const first = await node.mesh.update({ settings: { ttlMs: 1 } }, { expected: { serial, digest } })
    const late = node.mesh.update({ settings: { ttlMs: 2 } }, { expected: version })
    await expect(late).rejects.toMatchObject({
      code: 'ERR_VERSION_CONFLICT',
      message: expect.stringMatching(
        `${first.version.serial}.*${first.version.digest}.*${serial}.*${digest}`,
      ),
    })
    expect(node.configuration).toMatchObject({ version: first.version, settings: { ttlMs: 1 } })
  })

  it('is refused as a whole when a part of it is malformed', async () => {
    const node = await startNode()
    const { version } = node.configuration
    const malformed = { code: 'ERR_MALFORMED_CONFIGURATION' }
    const change = { settings: { leaseMs: 5, ttlMs: 'soon' } }
    await expect(node.mesh.update(change)).rejects.toMatchObject({
      ...malformed,
      message: 'The setting ttlMs cannot be "soon"; it is a whole number of ms from 0 to 315360000000',
    })
    const wrong = { code: 'ERR_INVALID_ARGUMENT' }
    await expect(node.mesh.update({ member: { weight: 101 } })).rejects.toMatchObject(wrong)
    for (const expected of [{}, { serial: 'x' }, { digest: 1 }, null]) {
      await expect(node.mesh.update({}, { expected } as never)).rejects.toMatchObject(wrong)
    }
    for (const change of [null, 'x', []]) {
      await expect(node.mesh.update(change as never)).rejects.toMatchObject(wrong)
    }
    await expect(node.mesh.replace({ member: { weight: 1 } } as never)).rejects.toMatchObject(malformed)
    expect(node.configuration.version).toEqual(version)
  })

  it('may be one of the node itself', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const member = { weight: 3, zone: 'rack-2' }
    const { version } = await a.mesh.update({ member, settings: { ttlMs: 5 } })
    await reached([b], version)
    const own = () => b.configuration.members.find(({ id }) => id === a.id)
    expect(own()).toMatchObject(member)
    await a.mesh.update({ member: { weight: 5 } }, { expected: { serial: 1 } }).catch(() => {})
    a.announceGateway('other', 'http://127.0.0.1:1')
    await vi.waitFor(() => expect(own()?.gateways).toHaveProperty('other'))
    expect(own()).toMatchObject(member)
  })

  it('is not made by a node that is closed', async () => {
    const node = await startNode()
    const open = node.mesh.propagate()
    await node.close()
    expect(await open).toMatchObject({ peers: 0, confirmed: 0 })
    await expect(node.mesh.update({})).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })
})

describe('a setting', () => {
  it('takes effect on every node without a restart', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const users = b.namespace('users')
    await b.namespace('default').setEntry('k', new Uint8Array(100))
    expect((await b.namespace('default').getEntry('k'))?.ttlMs).toBe(0)
    const change = {
      settings: { ttlMs: '1h', valueBytesMax: 99, timeoutMs: '20s' },
      namespaces: { users: { ttlMs: '2h', valueBytesMax: 9 }, plain: { ttlMs: 0 } },
    }
    await reached([b], (await a.mesh.update(change)).version)
    const ttls = []
    for (const name of ['default', 'users', 'plain']) {
      await b.namespace(name).setEntry('k', new Uint8Array(9))
      ttls.push((await b.namespace(name).getEntry('k'))?.ttlMs ?? -1)
    }
    expect(ttls.map(ms => Math.ceil(ms / 3_600_000))).toEqual([1, 2, 0])
    const tooLarge = { code: 'ERR_VALUE_TOO_LARGE', message: expect.stringContaining('valueBytesMax') }
    await expect(b.set('k', 'x'.repeat(100))).rejects.toMatchObject(tooLarge)
    await expect(users.setEntry('k', new Uint8Array(10))).rejects.toMatchObject(tooLarge)
    expect(b.mesh.settings().find(({ name }) => name === 'timeoutMs')).toMatchObject({
      value: 20_000,
      source: 'mesh',
    })
    await reached([b], (await a.mesh.replace({})).version)
    await b.set('k', 'x'.repeat(100))
  })

  it('yields to what a namespace, a call or a node says explicitly', async () => {
    const node = await startNode({ timeout: '3s' })
    await node.mesh.update({
      settings: { ttlMs: '1h', timeoutMs: '9s' },
      namespaces: { users: { ttlMs: '2h' } },
    })
    const bytes = new Uint8Array(1)
    const users = node.namespace('users', { ttl: '3h' })
    await users.setEntry('a', bytes)
    await users.setEntry('b', bytes, { ttl: '4h' })
    const ttls = await Promise.all(['a', 'b'].map(key => users.getEntry(key)))
    expect(ttls.map(entry => Math.ceil((entry?.ttlMs ?? 0) / 3_600_000))).toEqual([3, 4])
    const sources = node.mesh.settings('users').map(({ name, value, source }) => [name, value, source])
    expect(sources).toEqual([
      ['ttlMs', 7_200_000, 'namespace'],
      ['valueBytesMax', 64 * 1024 * 1024, 'default'],
      ['timeoutMs', 3_000, 'node'],
      ['replicas', 0, 'default'],
      ['ackReplicas', 0, 'default'],
      ['leaseMs', 2_000, 'default'],
      ['copyAbove', 100, 'default'],
      ['loadBound', 125, 'default'],
    ])
  })

  it('for the size of values is also kept by the owner, whoever asks it', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const [key = ''] = keysOf(a, 1)
    await a.mesh.update({ settings: { valueBytesMax: 10 } })
    // Whichever of the two refuses: b may not have heard of it yet.
    await expect(b.set(key, 'x'.repeat(50))).rejects.toMatchObject({ code: 'ERR_VALUE_TOO_LARGE' })
  })

  it('gives what is loaded its time to live, and what is too large is answered and not kept', async () => {
    const node = await startNode()
    await node.mesh.update({ settings: { ttlMs: '1h', valueBytesMax: 50 } })
    const users = node.namespace('users', { load: key => key.repeat(30) })
    expect(await users.get('k')).toBe('k'.repeat(30))
    expect((await users.getEntry('k'))?.ttlMs).toBeGreaterThan(3_000_000)
    expect(await users.get('kk')).toBe('kk'.repeat(30))
    expect(await users.getEntry('kk')).toBeUndefined()
  })
})

describe('a watch', () => {
  it('gives what there is, what follows, and of several at once the newest', async () => {
    const node = await startNode()
    const seen: unknown[] = []
    const watched = (async () => {
      for await (const { settings } of node.mesh.watch()) seen.push(settings)
    })()
    await vi.waitFor(() => expect(seen).toEqual([{}]))
    await node.mesh.update({ settings: { a: 1 } })
    await vi.waitFor(() => expect(seen).toEqual([{}, { a: 1 }]))
    await Promise.all([2, 3, 4].map(a => node.mesh.update({ settings: { a } })))
    await vi.waitFor(() => expect(seen.at(-1)).toEqual({ a: 4 }))
    expect(seen.length).toBeLessThan(5)
    await node.close()
    await watched
  })

  it('ends with its signal', async () => {
    const node = await startNode()
    const end = new AbortController()
    const watch = node.mesh.watch({ signal: end.signal })
    expect((await watch.next()).value?.version).toEqual(node.configuration.version)
    const next = watch.next()
    end.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})

describe('a mesh that is destroyed', () => {
  it('is gone from every node and every disk', async () => {
    const dataDir = await directory()
    const seed = await startNode({ mesh: 'orders' })
    const second = await startNode({ mesh: 'orders', seeds: seed.addresses, dataDir })
    const slept = { mesh: 'orders', dataDir: await directory() }
    const third = await startNode({ ...slept, seeds: seed.addresses })
    await converged([seed, second, third])
    await third.close()
    await vi.waitFor(() => expect(seed.stats.links).toBe(1))
    const states: string[] = []
    second.on('state', state => states.push(state))
    await seed.set('k', 1)
    await expect(seed.mesh.destroy('order')).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect(await seed.get('k')).toBe(1)
    const gone = await seed.mesh.destroy('orders')
    expect(gone).toEqual({ version: seed.configuration.version, peers: 1, confirmed: 1 })
    await reached([second], gone.version)
    expect(states).toEqual(['destroyed'])
    const destroyed = { code: 'ERR_MESH_DESTROYED' }
    for (const node of [seed, second]) {
      expect(node.configuration).toMatchObject({ destroyed: true, members: [], settings: {} })
      expect(node.readiness).toMatchObject({ ready: false, state: 'destroyed' })
      expect(node.stats.owned.entries).toBe(0)
      await expect(node.get('k')).rejects.toMatchObject(destroyed)
      await expect(node.set('k', 2)).rejects.toMatchObject(destroyed)
      await expect(node.mesh.update({ settings: { ttlMs: 1 } })).rejects.toMatchObject(destroyed)
    }
    await second.leave()
    await second.close()
    expect((await readFile(join(dataDir, 'configuration.bin'))).byteLength).toBeLessThan(150)
    const files = await readdir(dataDir)
    expect(await readFile(join(dataDir, 'former-members.txt'), 'utf8')).toBe('')
    await expect(createNode({ mesh: 'orders', dataDir })).rejects.toMatchObject({
      ...destroyed,
      message: expect.stringMatching(/"orders" was destroyed at .*another name with another data directory/),
    })
    expect((await readdir(dataDir)).sort()).toEqual(files.sort())
    // Who was not there, and comes back by what it remembers, is told, and so is whoever comes by its seeds.
    await expect(createNode(slept)).rejects.toMatchObject(destroyed)
    expect((await readFile(join(slept.dataDir, 'configuration.bin'))).byteLength).toBeLessThan(150)
    const joining = createNode({ mesh: 'orders', seeds: seed.addresses })
    await expect(joining).rejects.toMatchObject(destroyed)
  })
})

describe('what a mesh agrees on at first', () => {
  const configuration = { settings: { ttlMs: '5m' }, namespaces: { users: { replicas: 1 } } }

  it('comes with the node that founds it, and with no other', async () => {
    const founder = await startNode({ configuration })
    expect(founder.configuration).toMatchObject({ settings: { ttlMs: 300_000 } })
    await founder.mesh.update({ settings: { ttlMs: null } })
    const seeds = founder.addresses
    const second = await startNode({ seeds, configuration: { settings: { ttlMs: 1, leaseMs: 1 } } })
    await converged([founder, second])
    expect(second.configuration).toMatchObject({ settings: {}, namespaces: { users: { replicas: 1 } } })
  })

  it('is not brought back by a restart', async () => {
    const dataDir = await directory()
    const first = await createNode({ dataDir, configuration })
    await first.mesh.replace({})
    await first.close()
    const second = await startNode({ dataDir, configuration })
    expect(second.configuration).toMatchObject({ settings: {}, namespaces: {} })
  })

  it.each([
    [{ settings: { ttlMs: -1 } }, 'ERR_MALFORMED_CONFIGURATION'],
    [{ namespaces: { 'a b': {} } }, 'ERR_INVALID_NAMESPACE'],
    ['5m', 'ERR_INVALID_ARGUMENT'],
  ])('is refused before anything starts: %j', async (configuration, code) => {
    await expect(createNode({ configuration } as never)).rejects.toMatchObject({ code })
  })
})
