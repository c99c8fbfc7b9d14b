import { describe, expect, it, vi } from 'vitest'
import { createNode } from './create-node.ts'
import type { CacheMeshNode } from './node.ts'
import { generateKey } from './options/mesh-key.ts'
import { activeMembers, converged, keysOf, startMesh, startNode } from './testing/mesh.ts'

describe('a mesh of three nodes', () => {
  it('agrees on one configuration and serves any key from any node', async () => {
    const nodes = await startMesh(3)
    const [a] = nodes as [(typeof nodes)[0]]
    for (let i = 0; i < 100; i++) await a.set(`k${i}`, { i, tags: new Set(['x']), at: new Date(i) })
    for (const node of nodes) {
      for (let i = 0; i < 100; i++) {
        expect(await node.get(`k${i}`)).toEqual({ i, tags: new Set(['x']), at: new Date(i) })
      }
      expect(node.stats.owned.entries).toBeGreaterThan(0)
    }
    const owners = new Set(nodes.map(node => node.route('k1').owner))
    expect(owners.size).toBe(1)
    expect(nodes.filter(node => node.route('k1').local)).toHaveLength(1)
  })

  it('says which node had an entry, and what is known of it', async () => {
    const [a, b] = (await startMesh(2)) as [CacheMeshNode, CacheMeshNode]
    const [key] = keysOf(b, 1) as [string]
    const bytes = Uint8Array.of(0, 1, 255)
    const version = await a.namespace('default').setEntry(key, bytes, { contentType: 'image/png', ttl: '1h' })
    const far = await a.namespace('default').getEntry(key)
    expect(far).toMatchObject({
      value: bytes,
      contentType: 'image/png',
      version,
      served: 'forwarded',
      owner: b.id,
    })
    expect(far?.ttlMs).toBeGreaterThan(3_500_000)
    expect(await b.namespace('default').getEntry(key)).toMatchObject({
      served: 'local',
      owner: b.id,
      version,
    })
    expect(await a.delete(key)).toBe(true)
    expect(await a.delete(key)).toBe(false)
    expect(await b.get(key)).toBeUndefined()
  })

  it('keeps values by value: nobody can change what the cache holds', async () => {
    const node = await startNode()
    const value = { list: [1] }
    await node.set('k', value)
    value.list.push(2)
    const read = (await node.get('k')) as typeof value
    expect(read).toEqual({ list: [1] })
    read.list.push(3)
    expect(await node.get('k')).toEqual({ list: [1] })
    const bytes = Uint8Array.of(1)
    await node.set('bytes', bytes)
    bytes[0] = 9
    const readBytes = (await node.get('bytes')) as Uint8Array
    readBytes[0] = 8
    expect(await node.get('bytes')).toEqual(Uint8Array.of(1))
  })

  it('has copied what it stores when set returns: bytes of any size, in whatever memory', async () => {
    const node = await startNode()
    const memories = (sizeBytes: number) => [
      new ArrayBuffer(sizeBytes),
      new SharedArrayBuffer(sizeBytes),
      new ArrayBuffer(sizeBytes, { maxByteLength: 2 * sizeBytes }),
    ]
    for (const sizeBytes of [1, 100, 1_024, 1_025, 8_192, 8_193, 100_000]) {
      for (const memory of memories(sizeBytes)) {
        const bytes = new Uint8Array(memory).fill(1)
        for (const key of ['new', 'new', `known ${sizeBytes}`]) {
          const done = node.set(key, bytes)
          bytes.fill(9)
          await done
          expect(await node.get(key)).toEqual(new Uint8Array(sizeBytes).fill(1))
          bytes.fill(1)
        }
      }
    }
  })

  it('carries values of any size up to the limit, and refuses larger ones with a typed error', async () => {
    const [a, b] = (await startMesh(2, { memory: '200mb' })) as [CacheMeshNode, CacheMeshNode]
    const [key] = keysOf(b, 1) as [string]
    for (const size of [0, 1, 63_000, 64_512, 65_536, 1_000_000, 32 * 1024 * 1024]) {
      const value = new Uint8Array(size).fill(size % 251)
      await a.set(key, value)
      const read = (await a.get(key)) as Uint8Array
      expect(Buffer.compare(read, value)).toBe(0)
    }
    await expect(a.set(key, new Uint8Array(64 * 1024 * 1024 + 1))).rejects.toMatchObject({
      code: 'ERR_VALUE_TOO_LARGE',
    })
    expect(((await a.get(key)) as Uint8Array).length).toBe(32 * 1024 * 1024)
  })

  it('says that a value does not fit into the memory of its owner', async () => {
    const [a, b] = (await startMesh(2, { memory: '2mb' })) as [CacheMeshNode, CacheMeshNode]
    const [key] = keysOf(b, 1) as [string]
    await a.set(key, 'small')
    await expect(a.set(key, new Uint8Array(3_000_000))).rejects.toMatchObject({ code: 'ERR_VALUE_TOO_LARGE' })
    expect(await a.get(key)).toBe('small')
  })

  it.each(['lru', 's3-fifo', 'cost', 'adaptive'] as const)('makes room as it is told: %s', async eviction => {
    const node = await startNode({ memory: '1mb', eviction, copies: 0.3 })
    for (let i = 0; i < 2_000; i++) await node.set(`key ${i}`, new Uint8Array(1_000))
    const { entries, evictions, bytesMax } = node.stats.owned
    expect(entries).toBeGreaterThan(500)
    expect(entries + evictions).toBe(2_000)
    expect(bytesMax).toBeLessThan(0.7 * 2 ** 20)
  })

  it('answers every key when a node vanishes: a miss for what it held, never an error', async () => {
    const [a, b, c] = (await startMesh(3)) as [CacheMeshNode, CacheMeshNode, CacheMeshNode]
    const keys = [...keysOf(a, 20), ...keysOf(b, 20), ...keysOf(c, 20)]
    for (const key of keys) await a.set(key, key)
    await b.close()
    for (const node of [a, c]) {
      for (const [i, key] of keys.entries()) {
        expect(await node.get(key)).toBe(i >= 20 && i < 40 ? undefined : key)
      }
    }
    // The next member of the preference list takes the writes too, and everybody finds them there.
    for (const key of keys) await c.set(key, 'new')
    for (const key of keys) expect(await a.get(key)).toBe('new')
  })

  it('moves the keys of a node that leaves to the others at once', async () => {
    const [a, b] = (await startMesh(3)) as [CacheMeshNode, CacheMeshNode]
    await b.leave()
    await vi.waitFor(() => expect(activeMembers(a)).toBe(2))
    expect(a.configuration.members.find(({ id }) => id === b.id)?.state).toBe('left')
    expect(a.ring.members.map(({ id }) => id)).not.toContain(b.id)
    expect(b.readiness).toMatchObject({ ready: false, state: 'left' })
  })

  it('finds itself when every node is the seed of every other and all start at once', async () => {
    const ports = await freePorts(3)
    const seeds = ports.map(port => `127.0.0.1:${port}`)
    const nodes = await Promise.all(seeds.map(listen => startNode({ listen, seeds })))
    await converged(nodes)
  })
})

describe('admission', () => {
  it('refuses a node with another key or none, and tells it why', async () => {
    const a = await startNode({ key: generateKey() })
    const seeds = a.addresses
    await expect(createNode({ seeds, key: generateKey() })).rejects.toMatchObject({
      code: 'ERR_ADMISSION_REFUSED',
    })
    await expect(createNode({ seeds })).rejects.toMatchObject({ code: 'ERR_ADMISSION_REFUSED' })
    expect(a.configuration.members).toHaveLength(1)
  })

  it('refuses a node of another mesh, whatever its key', async () => {
    const key = generateKey()
    const a = await startNode({ key, mesh: 'orders' })
    const stranger = createNode({ seeds: a.addresses, key, mesh: 'users' })
    await expect(stranger).rejects.toMatchObject({
      code: 'ERR_WRONG_MESH',
      message: expect.stringMatching(/orders.*users|users.*orders/),
    })
    expect(a.configuration.members).toHaveLength(1)
  })

  it('accepts every key it is given, so that a key can be changed with nobody refused', async () => {
    const [old, next] = [generateKey(), generateKey()]
    const a = await startNode({ key: [old, next] })
    const b = await startNode({ key: [next, old], seeds: a.addresses })
    await converged([a, b])
  })

  it('listens on loopback only without a key, and says how to change that', async () => {
    await expect(createNode({ listen: '0.0.0.0:0' })).rejects.toMatchObject({
      code: 'ERR_PROTECTED_MODE',
      message: expect.stringContaining('cachemesh key'),
    })
  })
})

async function freePorts(count: number): Promise<number[]> {
  const { createServer } = await import('node:net')
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer()
      return new Promise<typeof server>(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
    }),
  )
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
