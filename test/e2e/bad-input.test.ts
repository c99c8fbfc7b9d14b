import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { get, json, put } from './api.ts'
import { Processes, START_MAX_MS, type StartedNode, seedOf } from './processes.ts'

const KEY = 'a'.repeat(64)
const FREE = ['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0']

const processes = new Processes()
let directory: string
let seed: StartedNode
/** An address that another program listens on. */
let taken: string
const other = createServer()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cachemesh-e2e-'))
  await file('mesh.key', KEY)
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  taken = `127.0.0.1:${(other.address() as { port: number }).port}`
  seed = await processes.node(['--key-file', join(directory, 'mesh.key'), '--mesh', 'orders'])
}, START_MAX_MS)

afterAll(async () => {
  await processes.end()
  other.close()
  await rm(directory, { recursive: true, force: true })
})

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, content)
  return path
}

/** Runs `start`, which must fail with one line on stderr, and leave the seed's mesh as it is. */
async function refused(args: readonly string[], message: RegExp): Promise<void> {
  const before = await json(seed, '/v1/configuration')
  const { code, stdout, stderr } = await processes.run(['start', '--attached', ...args])
  expect(stderr).toMatch(message)
  expect(stderr).toMatch(/^cachemesh: [^\n]+\n$/)
  expect({ code, stdout: String(stdout) }).toEqual({ code: 1, stdout: '' })
  expect(await json(seed, '/v1/configuration')).toEqual(before)
}

/** What makes a node a member of the seed's mesh. */
const member = () => [...seedOf(seed), '--mesh', 'orders', '--key-file', join(directory, 'mesh.key')]

describe.concurrent('cachemesh start refuses, with one line and no effect,', () => {
  it('an unknown option', () =>
    refused([...FREE, '--sed', 'x'], /unknown option '--sed' \(Did you mean --seed\?\)/))

  it('an unknown name in a configuration file', async () => {
    const path = await file('unknown.json', '{"listen":"127.0.0.1:0","ports":[1],"verbose":true}')
    await refused(['--config', path], /unknown\.json sets "ports", "verbose".*key-file/)
  })

  it('a port that is in use', async () => {
    await refused(['--api', '127.0.0.1:0', '--listen', taken, ...member()], /ERR_ADDRESS_IN_USE/)
    await refused(['--listen', '127.0.0.1:0', '--api', taken, ...member()], new RegExp(`${taken}.*--api`))
  })

  it('a key file that cannot be read', async () => {
    await refused(
      [...FREE, '--key-file', join(directory, 'nowhere.key')],
      /nowhere\.key cannot be read \(ENOENT\)/,
    )
  })

  it('the seed of a mesh with another key', async () => {
    const path = await file('other.key', 'b'.repeat(64))
    await refused([...FREE, ...seedOf(seed), '--mesh', 'orders', '--key-file', path], /ERR_ADMISSION_REFUSED/)
  })

  it('the seed of a mesh of another name', async () => {
    const path = join(directory, 'mesh.key')
    await refused(
      [...FREE, ...seedOf(seed), '--mesh', 'users', '--key-file', path],
      /ERR_(WRONG_MESH|ADMISSION_REFUSED)/,
    )
  })

  it('a data directory that is damaged, and leaves it so', async () => {
    const damaged = Buffer.from('not a configuration')
    const path = await file('configuration.bin', damaged)
    await refused([...FREE, '--data-dir', directory], /configuration\.bin is damaged/)
    expect(await readFile(path)).toEqual(damaged)
  })

  it('a data directory that another process uses, and names that process', async () => {
    const path = await mkdtemp(join(directory, 'used-'))
    const holder = await processes.node(['--data-dir', path])
    const { pid } = holder.process
    await refused(
      [...FREE, '--data-dir', path],
      new RegExp(`process ${pid};.*--data-dir.*ERR_DATA_DIR_IN_USE`),
    )
    holder.process.kill('SIGKILL')
    await holder.process.ended
    const next = await processes.node(['--data-dir', path])
    expect(next.nodeId).toBe(holder.nodeId)
  })

  it('a data directory of another mesh', async () => {
    const path = await mkdtemp(join(directory, 'other-'))
    const other = await processes.node(['--data-dir', path, '--mesh', 'users'])
    other.process.kill('SIGTERM')
    await other.process.ended
    await refused([...FREE, '--data-dir', path, ...member()], /"users", not of "orders".*ERR_WRONG_MESH/)
  })

  it('an address off this machine without a key', () =>
    refused(['--listen', '0.0.0.0:0', '--api', '127.0.0.1:0'], /ERR_PROTECTED_MODE/))

  it.each([
    ['--memory', 'lots', /memory cannot be "lots"; give bytes/],
    ['--weight', 'NaN', /weight is "NaN"; give a number/],
    ['--seed', 'nonsense', /"nonsense" is not an address/],
    ['--api', '7480', /"7480" is not an address.*--api/],
  ])('%s %s', (flag, value, message) => refused([...FREE, flag, value], message))
})

describe.concurrent('cachemesh set refuses, and keeps the value before,', () => {
  it.each([
    ['a time to live that is none', ['--ttl', 'NaN'], /ERR_INVALID_TTL/],
    ['a negative time to live', ['--ttl=-5m'], /ERR_INVALID_TTL/],
    ['an invalid namespace', ['--namespace', 'a/b'], /ERR_INVALID_NAMESPACE/],
    ['an unknown option', ['--tll', '5m'], /unknown option '--tll' \(Did you mean --ttl\?\)/],
  ])('%s', async (_what, args, message) => {
    await put(seed, 'bounded', 'before')
    const { code, stderr } = await processes.run(['set', 'bounded', 'after', '--api', seed.api, ...args])
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^cachemesh: [^\n]+\n$/)
    expect(await (await get(seed, 'bounded')).text()).toBe('before')
  })

  it('a key that is too long, or empty', async () => {
    for (const key of ['k'.repeat(5_000), '']) {
      const { code, stderr } = await processes.run(['set', key, 'v', '--api', seed.api])
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/ERR_INVALID_KEY/) })
    }
  })

  it('an API that nobody serves, or somebody else', async () => {
    const nobody = await processes.run(['members', '--api', 'http://127.0.0.1:9'])
    expect(nobody).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^cachemesh: No node answers at http:\/\/127\.0\.0\.1:9 .*--api[^\n]*\n$/,
      ),
    })
    const somebody = await processes.run(['members', '--api', seed.listen[0] as string])
    expect(somebody).toMatchObject({ code: 1, stderr: expect.stringMatching(/^cachemesh: [^\n]+\n$/) })
  })
})
