import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, Processes, type RunOptions, START_MAX_MS, type StartedNode } from './processes.ts'

const BIN = fileURLToPath(new URL('../../packages/cli/bin/cachemesh.js', import.meta.url))

const processes = new Processes()
let directory: string
let node: StartedNode

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cachemesh-e2e-'))
  // Flags win over the file, and the file over defaults.
  const config = join(directory, 'mesh.json')
  const settings = {
    listen: '127.0.0.1:1',
    api: '127.0.0.1:1',
    zone: 'rack-1',
    weight: 2,
    'data-dir': directory,
  }
  await writeFile(config, JSON.stringify(settings))
  node = await processes.node(['--config', config, '--weight', '3'])
}, START_MAX_MS)

afterAll(async () => {
  await processes.end()
  await rm(directory, { recursive: true, force: true })
})

/** Runs a client command against the node. */
function run(args: readonly string[], { env = {}, input = '' }: RunOptions = {}): Promise<Ended> {
  return processes.run(args, { env: { CACHEMESH_API: node.api, ...env }, input })
}

async function output(args: readonly string[], options?: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await run(args, options)
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' })
  return String(stdout)
}

const json = async (args: readonly string[]) => JSON.parse(await output([...args, '--format', 'json']))

describe.concurrent('cachemesh load, place, placements, unplace', () => {
  it('give a part of the ring to a member, and take it back', async () => {
    const { id } = (await json(['ring'])).members[0]
    expect((await json(['load'])).members).toMatchObject([{ id, weight: 3 }])
    expect(await json(['place', id.slice(-8), '--position', '70000', '--from', '69000'])).toMatchObject({
      changed: true,
    })
    const { placements } = await json(['placements'])
    expect(placements).toMatchObject([
      { position: 69_000, members: [id], by: 'hand' },
      { position: 70_000, from: 69_000, members: [id], active: [id] },
    ])
    await Promise.all(
      placements.map(({ position }: { position: number }) => output(['unplace', String(position)])),
    )
    expect((await json(['placements'])).placements).toEqual([])
  }, 60_000)

  it('say what is wrong with a part, or a member', async () => {
    for (const [args, said] of [
      [['place', 'nobody', '--key', 'k'], 'no active member'],
      [['place', 'x'], '--key KEY'],
      [['place', 'x', '--position', 'y'], 'no position of the ring'],
      [['unplace', '12'], 'Nobody has set a position at 12'],
    ] as const) {
      const { code, stderr } = await run(args)
      expect(code).toBe(1)
      expect(String(stderr)).toContain(said)
    }
  })
})

describe.concurrent('cachemesh increment, set --if-absent, delete-by-tag', () => {
  it('count, and print what a counter stands at', async () => {
    expect(await output(['increment', 'visits', '--initial', '5'])).toBe('5\n')
    expect(await json(['decrement', 'visits', '--by', '7'])).toMatchObject({ count: '0' })
  })

  it('store and remove only where a condition holds', async () => {
    const { version } = await json(['set', 'lock', 'me', '--if-absent'])
    const refused = await run(['set', 'lock', 'you', '--if-absent'])
    expect(refused.code).toBe(1)
    expect(String(refused.stderr)).toContain('ERR_VERSION_CONFLICT')
    expect(await output(['delete', 'lock', '--if-version', String(version)])).toBe('deleted\n')
  })

  it('remove what has a tag', async () => {
    const inNamespace = ['--namespace', 'pages']
    await output(['set', 'home', 'x', '--tag', 'menu', ...inNamespace])
    expect(await json(['delete-by-tag', 'menu', ...inNamespace])).toEqual({ peers: 0, confirmed: 0 })
    expect((await run(['get', 'home', ...inNamespace])).code).toBe(4)
  })
})

describe.concurrent('cachemesh get, set and delete', () => {
  it('keep text with its type, and say where it came from', async () => {
    expect(await json(['set', 'greeting', 'grüß dich', '--ttl', '5m'])).toEqual({
      stored: true,
      version: expect.any(Number),
    })
    expect(await output(['get', 'greeting'])).toBe('grüß dich')
    expect(await json(['get', 'greeting'])).toEqual({
      found: true,
      value: 'grüß dich',
      served: 'local',
      owner: node.nodeId,
      version: expect.any(Number),
      contentType: 'text/plain; charset=utf-8',
      ttlMs: expect.any(Number),
    })
  })

  it('keep bytes from stdin and from a file exactly', async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256))
    const file = join(directory, 'value.bin')
    await writeFile(file, bytes)
    await output(['set', 'piped', '-'], { input: bytes.toString('latin1') })
    await output(['set', 'filed', `@${file}`])
    expect((await run(['get', 'filed'])).stdout.equals(bytes)).toBe(true)
    expect((await run(['get', 'piped'])).stdout.equals(Buffer.from(bytes.toString('latin1')))).toBe(true)
    const { value, encoding } = await json(['get', 'filed'])
    expect({ value, encoding }).toEqual({ value: bytes.toString('base64'), encoding: 'base64' })
  })

  it('show JSON as the value it is', async () => {
    await output(['set', 'order', '{"items":[1,2]}', '--content-type', 'application/json'])
    expect(await json(['get', 'order'])).toMatchObject({ value: { items: [1, 2] } })
    expect(await output(['get', 'order'])).toBe('{"items":[1,2]}')
  })

  it('take any key, and keep namespaces apart', async () => {
    const key = '../a b/%2F?é#'
    await output(['set', key, 'one', '--namespace', 'users'])
    await output(['set', '..', 'two'])
    expect(await output(['get', key, '--namespace', 'users'])).toBe('one')
    expect(await output(['get', '..'])).toBe('two')
    expect((await run(['get', key])).code).toBe(4)
  })

  it('end with 4 when there is no such key', async () => {
    const got = await run(['get', 'nothing'])
    expect(got).toMatchObject({ code: 4, stderr: 'cachemesh: There is no key "nothing"\n' })
    expect(got.stdout).toHaveLength(0)
    const asJson = await run(['get', 'nothing', '--format', 'json'])
    expect({ code: asJson.code, found: JSON.parse(String(asJson.stdout)) }).toEqual({
      code: 4,
      found: { found: false },
    })
    expect((await run(['delete', 'nothing'])).code).toBe(4)
  })

  it('delete', async () => {
    await output(['set', 'temporary', 'x'])
    expect(await output(['delete', 'temporary'])).toBe('deleted\n')
    expect((await run(['get', 'temporary'])).code).toBe(4)
  })
})

describe.concurrent('cachemesh', () => {
  it('lists members in columns that align, without colours in a pipe', async () => {
    const lines = (await output(['members'])).trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^ID +STATE +ADDRESS +WEIGHT +ZONE +OWNS +API$/)
    const id = node.nodeId.slice(-8)
    expect(lines[1]).toMatch(
      new RegExp(`^…${id} \\*  active  127\\.0\\.0\\.1:\\d+ +3  rack-1  100\\.0 %  http`),
    )
    expect(await json(['members'])).toMatchObject({
      members: [{ id: node.nodeId, weight: 3, zone: 'rack-1' }],
    })
  })

  it('shows configuration, ring and route', async () => {
    const { version } = await json(['configuration'])
    expect(await json(['configuration', 'version'])).toEqual(version)
    expect(await output(['configuration', 'version'])).toContain(version.digest)
    expect(await json(['ring'])).toMatchObject({ members: [{ id: node.nodeId, share: 1 }] })
    expect(await json(['route', 'k'])).toMatchObject({ owner: node.nodeId, replicas: [], local: true })
  })

  it('makes keys of 64 hex digits, never the same twice', async () => {
    const [one, two] = await Promise.all([output(['key']), output(['key'])])
    expect(one).toMatch(/^[0-9a-f]{64}\n$/)
    expect(two).not.toBe(one)
  })

  it('runs from its launcher, and passes the exit code on', async () => {
    const launched = processes.spawnNode([BIN, 'get', 'nothing', '--api', node.api])
    expect(await launched.ended).toMatchObject({ code: 4, stderr: 'cachemesh: There is no key "nothing"\n' })
  })

  it('leaves when its launcher gets SIGTERM, and prints one line for people', async () => {
    const args = [BIN, 'start', '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--attached']
    const launched = processes.spawnNode(args)
    const line = await launched.line(/^/)
    expect(line).toMatch(
      /^cachemesh node …\w{8} ready · listen 127\.0\.0\.1:\d+ · api http:\/\/127\.0\.0\.1:\d+ · configuration \d+ [0-9a-f]{8}$/,
    )
    launched.kill('SIGTERM')
    expect(await launched.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('says in one line that an old Node.js is too old', async () => {
    const old = join(directory, 'old.cjs')
    await writeFile(old, `Object.defineProperty(process.versions, 'node', { value: '22.11.0' })`)
    const launched = processes.spawnNode(['--require', old, BIN, 'key'])
    const { code, stdout, stderr } = await launched.ended
    expect({ code, stdout: String(stdout), stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'cachemesh needs Node.js 22.12 or newer; this is v22.11.0\n',
    })
  })
})
