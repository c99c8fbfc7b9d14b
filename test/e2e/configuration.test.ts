// Operations on the configuration with real processes: set at one, in effect at another, and the end of a mesh.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { agreed, json } from './api.ts'
import { type Ended, Processes, START_MAX_MS, type StartedNode, seedOf } from './processes.ts'

const processes = new Processes()
let directory: string
let nodes: [StartedNode, StartedNode, StartedNode]
let started: string[]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cachemesh-e2e-'))
  const config = join(directory, 'mesh.json')
  await writeFile(config, JSON.stringify({ configuration: { settings: { ttlMs: '10m', leaseMs: 1 } } }))
  started = ['--mesh', 'orders', '--config', config]
  const first = await processes.node(started)
  const seed = seedOf(first)
  const others = ['b', 'c'].map(name =>
    processes.node([...started, ...seed, '--data-dir', join(directory, name)]),
  )
  nodes = [first, ...(await Promise.all(others))] as typeof nodes
  await agreed(nodes)
}, START_MAX_MS)

afterAll(async () => {
  await processes.end()
  await rm(directory, { recursive: true, force: true })
})

function run(node: StartedNode, ...args: string[]): Promise<Ended> {
  return processes.run(['configuration', ...args], { env: { CACHEMESH_API: node.api } })
}

async function output(node: StartedNode, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(node, ...args)
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' })
  return String(stdout)
}

async function problem(
  node: StartedNode,
  ...args: string[]
): Promise<{ code: number | null; stderr: string }> {
  const { code, stdout, stderr } = await run(node, ...args)
  expect({ stdout: String(stdout), lines: stderr.split('\n').length }).toEqual({ stdout: '', lines: 2 })
  return { code, stderr }
}

async function ttlAt(node: StartedNode, key: string): Promise<number> {
  await fetch(`${node.api}/v1/keys/${key}`, { method: 'PUT', body: 'x' })
  const { headers } = await fetch(`${node.api}/v1/keys/${key}`)
  return Math.ceil(Number(headers.get('cachemesh-ttl')) / 60_000)
}

describe('the configuration of a mesh of processes', () => {
  it('began as its founder was told', async () => {
    expect(await output(nodes[1], 'get', 'ttlMs')).toBe('600000\n')
    expect(await ttlAt(nodes[2], 'first')).toBe(10)
  })

  it('is changed at one node and takes effect at the others', async () => {
    const [a, b, c] = nodes
    const { changed, version } = JSON.parse(await output(a, 'set', 'ttlMs', '30m', '--format', 'json'))
    expect(changed).toBe(true)
    const told = JSON.parse(await output(a, 'propagate', '--format', 'json'))
    expect(told).toEqual({ version, peers: 2, confirmed: 2 })
    for (const node of [b, c]) expect(await ttlAt(node, 'second')).toBe(30)
    expect(await output(c, 'settings')).toMatch(/ttlMs +1800000 +ms +mesh/)
    expect(JSON.parse(await output(b, '--format', 'json')).version).toEqual(version)
    expect(await output(b, 'version')).toContain(version.digest)
    expect(await output(c, 'set', 'ttlMs', '1800000')).toMatch(/^unchanged/)
  })

  it('is read whole, edited and applied; what is not in it is removed', async () => {
    const [a, b] = nodes
    const file = join(directory, 'configuration.json')
    const document = JSON.parse(await output(a, '--format', 'json'))
    const settings = { ttlMs: '20m', colour: 'blue' }
    await writeFile(file, JSON.stringify({ ...document, settings, namespaces: { users: { ttlMs: '1h' } } }))
    expect(await output(a, 'apply', file, '--expect', document.version.digest)).toMatch(/^changed/)
    await output(a, 'propagate')
    expect(await output(b, 'get', 'colour')).toBe('blue\n')
    expect(await output(b, 'get', 'namespaces/users')).toBe('{"ttlMs":3600000}\n')
    expect(await problem(b, 'get', 'leaseMs')).toMatchObject({ code: 4 })
    expect(await output(b, 'unset', 'colour')).toMatch(/^changed/)
    expect(await problem(b, 'unset', 'colour')).toMatchObject({ code: 4 })
    expect(await problem(a, 'apply', join(directory, 'missing'))).toMatchObject({ code: 1 })
  })

  it('is not changed by who expects another, or writes what cannot be', async () => {
    const [a] = nodes
    const { serial, digest } = JSON.parse(await output(a, 'version', '--format', 'json'))
    await output(a, 'set', 'ttlMs', '25m', '--expect', String(serial))
    for (const expected of [String(serial), digest, `${serial}-${digest}`]) {
      const { code, stderr } = await problem(a, 'set', 'ttlMs', '1m', '--expect', expected)
      expect(code).toBe(1)
      expect(stderr).toMatch(
        new RegExp(`at serial ${serial + 1}, .*not at the expected .*ERR_VERSION_CONFLICT`),
      )
    }
    const { stderr } = await problem(a, 'set', 'replicas', '99')
    expect(stderr).toMatch(/replicas cannot be 99; .* 0 to 13 \(ERR_MALFORMED_CONFIGURATION\)/)
    expect(await problem(a, 'set', 'groups/ttlMs', '1')).toMatchObject({ code: 1 })
    expect(await output(a, 'get', 'ttlMs')).toBe('1500000\n')
  })

  it('says when nothing goes by a setting', async () => {
    const { code, stderr } = await run(nodes[0], 'set', 'ttl', '1m')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/"ttl" is kept.*ttlMs/) })
    await output(nodes[0], 'unset', 'ttl')
  })

  it('is watched from any node until the mesh is destroyed, which no node survives, be it frozen', async () => {
    const [a, b, c] = nodes
    const watching = processes.spawn(['configuration', 'watch', '--api', c.api])
    watching.endInput()
    const seen: string[] = []
    await watching.line(/members: 3 active/, seen)
    await output(b, 'set', 'member/weight', '2')
    await vi.waitFor(() => expect(seen.join('\n')).toMatch(/member …\S+ changed/))
    expect(await problem(a, 'destroy', 'order')).toMatchObject({ code: 1 })
    b.process.kill('SIGSTOP')
    expect(await output(a, 'destroy', 'orders')).toMatch(/^mesh orders destroyed, 1 of 2 peers confirmed/)
    expect((await watching.ended).code).toBe(0)
    expect(seen.at(-1)).toMatch(/the mesh was destroyed$/)
    b.process.kill('SIGCONT')
    await vi.waitFor(
      async () => expect(await json(b, '/readyz')).toMatchObject({ state: 'destroyed' }),
      15_000,
    )
    for (const node of nodes) {
      expect(await json(node, '/readyz')).toMatchObject({ ready: false, state: 'destroyed' })
      expect((await fetch(`${node.api}/v1/keys/first`)).status).toBe(410)
    }
    c.process.kill('SIGTERM')
    const { code, stderr } = await c.process.ended
    expect(code).toBe(0)
    expect(stderr).toContain('ERR_MESH_DESTROYED')
    // Neither with what it remembers nor through its seeds does it come back.
    for (const args of [['--data-dir', join(directory, 'c')], seedOf(a)]) {
      const again = await processes.run([
        'start',
        ...started,
        '--listen',
        '127.0.0.1:0',
        '--api',
        '127.0.0.1:0',
        ...args,
      ])
      expect(again.code).toBe(1)
      expect(again.stderr).toMatch(/"orders" was destroyed.*another name.*ERR_MESH_DESTROYED/)
    }
  })
})
