import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createNode } from './create-node.ts'
import { generateKey } from './options/mesh-key.ts'
import { converged, startNode } from './testing/mesh.ts'

const run = promisify(execFile)

describe('a node', () => {
  it('leaves nothing running after close, and writes to no output', async () => {
    // The child ends by itself only if no handle is left open.
    const program = `
      import { createNode } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
      const a = await createNode()
      const b = await createNode({ seeds: a.addresses })
      await a.set('k', 1)
      await b.get('k')
      await b.leave()
      await b.close()
      await a[Symbol.asyncDispose]()
    `
    const args = ['--conditions=@cachemesh/source', '--input-type=module', '--eval', program]
    const { stdout, stderr } = await run(process.execPath, args, { timeout: 20_000 })
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' })
  })

  it('fails calls that are open when it closes, and those that come after', async () => {
    const node = await startNode()
    await node.set('own', 1)
    await node.close()
    await node.close()
    await expect(node.get('own')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    const other = await startNode()
    const joined = await startNode({ seeds: other.addresses })
    await converged([other, joined])
    let far = 0
    while (other.route(`k${far}`).local) far++
    const open = other.get(`k${far}`)
    await Promise.all([other.close(), expect(open).rejects.toMatchObject({ code: 'ERR_CLOSED' })])
    await expect(other.get(`k${far}`)).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  })

  it('is the same member after a restart with its data directory, and finds its mesh without a seed', async () => {
    const dataDir = await directory()
    const other = await startNode()
    const first = await startNode({ dataDir, seeds: other.addresses })
    await converged([other, first])
    await first.close()
    const second = await startNode({ dataDir })
    expect(second.id).toBe(first.id)
    await converged([other, second])
    const member = other.configuration.members.find(({ id }) => id === second.id)
    expect(member).toMatchObject({ state: 'active', incarnation: 2 })
  })

  it('refuses a damaged data directory, and one of another mesh, and changes neither', async () => {
    const dataDir = await directory()
    const node = await createNode({ dataDir, mesh: 'orders' })
    await node.close()
    await expect(createNode({ dataDir, mesh: 'users' })).rejects.toMatchObject({ code: 'ERR_WRONG_MESH' })
    const file = join(dataDir, 'configuration.bin')
    const bytes = await readFile(file)
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 1
    await writeFile(file, bytes)
    await expect(createNode({ dataDir, mesh: 'orders' })).rejects.toMatchObject({
      code: 'ERR_CORRUPT_STATE',
      message: expect.stringContaining(file),
    })
    expect(await readFile(file)).toEqual(bytes)
  })

  it('has its data directory for itself, until it is closed', async () => {
    const dataDir = await directory()
    const node = await startNode({ dataDir })
    await expect(createNode({ dataDir })).rejects.toMatchObject({
      code: 'ERR_DATA_DIR_IN_USE',
      message: expect.stringContaining(String(process.pid)),
    })
    await node.close()
    const again = await startNode({ dataDir })
    expect(again.id).toBe(node.id)
  })

  it('gives its data directory free when it cannot start', async () => {
    const dataDir = await directory()
    const refused = { code: 'ERR_PROTECTED_MODE' }
    for (let i = 0; i < 2; i++) {
      await expect(createNode({ dataDir, listen: '0.0.0.0:0' })).rejects.toMatchObject(refused)
    }
    await startNode({ dataDir })
  })

  it('goes on from memory while its disk takes nothing, warns once, says so, and recovers', async () => {
    const dataDir = await directory()
    const node = await startNode({ dataDir })
    await vi.waitFor(() => stat(join(dataDir, 'configuration.bin')))
    const warned: string[] = []
    node.on('warning', ({ code, message }) => warned.push(`${code} ${message}`))
    const obstacle = join(dataDir, 'configuration.bin.new')
    await mkdir(obstacle)
    for (const port of [1, 2]) {
      node.announceGateway('http', `http://127.0.0.1:${port}`)
      await vi.waitFor(() => expect(node.readiness).toMatchObject({ ready: true, storage: 'failing' }))
    }
    await node.set('k', 1)
    expect(await node.get('k')).toBe(1)
    await rm(obstacle, { recursive: true })
    node.announceGateway('http')
    await vi.waitFor(() => expect(node.readiness.storage).toBe('kept'))
    expect(warned).toHaveLength(1)
    expect(warned[0]).toMatch(/^ERR_CORRUPT_STATE .*goes on from memory/)
  })

  it('can be asked before it joins, when it refuses calls, and brings its gateways with its first word', async () => {
    const seed = await startNode()
    const node = await createNode({ seeds: seed.addresses }, async early => {
      expect(early.addresses).toEqual([])
      expect(early.readiness).toMatchObject({ ready: false, state: 'joining' })
      const unavailable = { code: 'ERR_UNAVAILABLE' }
      await expect(early.get('k')).rejects.toMatchObject(unavailable)
      await expect(early.mesh.update({ settings: { timeout: '1s' } })).rejects.toMatchObject(unavailable)
      early.announceGateway('http', addresses => `at ${addresses.length}`)
    })
    onTestFinished(() => node.close())
    await converged([seed, node])
    const member = seed.configuration.members.find(({ id }) => id === node.id)
    expect(member?.gateways).toEqual({ http: 'at 1' })
    // It joins, and is active: no third change for its gateway.
    expect(member?.incarnation).toBe(1)
  })

  it('does not start when what was to begin before it joins fails, and leaves nothing behind', async () => {
    const dataDir = await directory()
    const failure = new Error('no port')
    for (let i = 0; i < 2; i++)
      await expect(createNode({ dataDir }, () => Promise.reject(failure))).rejects.toBe(failure)
    const noFunction = 'later' as unknown as () => void
    await expect(createNode({}, noFunction)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: 'beforeJoin is a function',
    })
    await startNode({ dataDir })
  })

  it('serves alone when no seed answers, says so, and joins when one comes', async () => {
    const listen = await freeAddress()
    const node = await startNode({ seeds: [listen] })
    expect(node.readiness).toMatchObject({ ready: false, state: 'alone' })
    await node.set('k', 1)
    expect(await node.get('k')).toBe(1)
    const seed = await startNode({ listen })
    await converged([node, seed])
    expect(node.readiness).toEqual({
      ready: true,
      state: 'active',
      reason: '',
      // It may still ask the other what it has.
      entries: expect.stringMatching(/^(warm|cold)$/),
      storage: 'none',
    })
  })

  it('tells its program of changes, and survives a listener that throws', async () => {
    const node = await startNode()
    const thrown = vi.fn()
    const uncaught = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', thrown)
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException')
      for (const listener of uncaught) process.on('uncaughtException', listener)
    })
    const serials: number[] = []
    node.on('configuration', ({ version }) => {
      serials.push(version.serial)
      if (serials.length === 1) throw new Error('a listener failed')
    })
    const other = await startNode({ seeds: node.addresses })
    await converged([node, other])
    expect(serials.length).toBeGreaterThan(1)
    expect(serials).toEqual([...serials].sort((a, b) => a - b))
    expect(thrown).toHaveBeenCalledOnce()
  })

  it('refuses a gateway that no configuration may hold, and goes on', async () => {
    const node = await startNode()
    const refused = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' })
    expect(() => node.announceGateway('http', 'x'.repeat(300))).toThrow(refused)
    node.announceGateway('http', 'http://127.0.0.1:8080')
    await vi.waitFor(() => expect(node.configuration.members[0]?.gateways).toHaveProperty('http'))
  })

  it('tells everybody where a gateway answers', async () => {
    const a = await startNode()
    const b = await startNode({ seeds: a.addresses })
    b.announceGateway('http', 'http://127.0.0.1:8080')
    await converged([a, b])
    await vi.waitFor(() => {
      const member = a.configuration.members.find(({ id }) => id === b.id)
      expect(member?.gateways).toEqual({ http: 'http://127.0.0.1:8080' })
    })
    b.announceGateway('http')
    await vi.waitFor(() => {
      expect(a.configuration.members.find(({ id }) => id === b.id)?.gateways).toEqual({})
    })
  })
})

describe('options', () => {
  it.each([
    [{ port: 1 }, 'ERR_INVALID_ARGUMENT', /no option "port"/],
    [{ weight: -1 }, 'ERR_INVALID_ARGUMENT', /weight/],
    [{ weight: Number.NaN }, 'ERR_INVALID_ARGUMENT', /weight/],
    [{ memory: 'lots' }, 'ERR_INVALID_ARGUMENT', /memory/],
    [{ memory: '1kb' }, 'ERR_INVALID_ARGUMENT', /too small/],
    [{ eviction: 'fifo' as never }, 'ERR_INVALID_ARGUMENT', /eviction is one of adaptive/],
    [{ copies: 1 }, 'ERR_INVALID_ARGUMENT', /0.05 to 0.95/],
    [{ mesh: '' }, 'ERR_INVALID_ARGUMENT', /mesh/],
    [{ key: 'secret' }, 'ERR_MESH_KEY', /64 hex digits/],
    [{ key: generateKey(), keyFile: '/nowhere' }, 'ERR_INVALID_ARGUMENT', /one of them/],
    [{ keyFile: '/nowhere/mesh.key' }, 'ERR_MESH_KEY', /nowhere/],
    [{ mesh: '\ud800' }, 'ERR_INVALID_ARGUMENT', /mesh/],
    [{ zone: '\ud800' }, 'ERR_INVALID_ARGUMENT', /zone/],
    [null, 'ERR_INVALID_ARGUMENT', /options/],
    [{ listen: 'nonsense' }, 'ERR_INVALID_ADDRESS', /nonsense/],
    [{ seeds: ['127.0.0.1:7400', 'nonsense'] }, 'ERR_INVALID_ADDRESS', /nonsense/],
    [{ timeout: 'never' }, 'ERR_INVALID_TTL', /timeout/],
    [{ seeds: 'not a list, one text', encryption: 'rot13' }, 'ERR_INVALID_ARGUMENT', /encryption/],
  ])('%j is refused with %s', async (options, code, message) => {
    await expect(createNode(options as never)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it('refuses an address that another program listens on', async () => {
    const node = await startNode()
    const address = /tcp\/(\d+)/.exec(node.addresses[0] as string)
    const listen = `127.0.0.1:${address?.[1]}`
    await expect(createNode({ listen })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
      message: expect.stringContaining(listen),
    })
  })

  it('never shows a key', async () => {
    const error = await createNode({ key: 'not-so-secret' }).catch((e: Error) => e)
    expect(String(error)).not.toContain('not-so-secret')
  })
})

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cachemesh-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

async function freeAddress(): Promise<string> {
  const node = await createNode()
  await node.close()
  return `127.0.0.1:${/tcp\/(\d+)/.exec(node.addresses[0] as string)?.[1]}`
}
