import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { agreed, get, json, members, put } from './api.ts'
import { type Ended, Processes, type StartedNode, seedOf } from './processes.ts'

const processes = new Processes()
afterEach(() => processes.end())

interface Version {
  readonly serial: number
  readonly digest: string
}

const versionOf = async (node: StartedNode) =>
  (await json<{ version: Version }>(node, '/v1/configuration')).version

/** A copy of a node's data directory, as a backup or an image of a machine would hold it. */
async function copied(dataDir: string, node: StartedNode, name = 'copy'): Promise<string> {
  await vi.waitFor(async () => {
    expect(String(await readFile(join(dataDir, 'configuration.bin')))).toContain(node.nodeId)
  })
  const copy = `${dataDir}-${name}`
  await cp(dataDir, copy, { recursive: true, filter: source => !source.includes('lock.') })
  return copy
}

async function directory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'cachemesh-e2e-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  return join(parent, 'data')
}

function start(args: readonly string[]): Promise<Ended> {
  return processes.run(['start', '--attached', '--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', ...args])
}

function expectRefused({ code, stdout, stderr }: Ended): void {
  expect(stderr).toMatch(
    /^cachemesh: Another running process is member .*--data-dir.*\(ERR_DUPLICATE_IDENTITY\)\n$/,
  )
  expect({ code, stdout: String(stdout) }).toEqual({ code: 1, stdout: '' })
}

describe('a second process with a copy of a data directory', () => {
  it('ends with the reason, by its seeds or by what it remembers, and the mesh does not notice', async () => {
    const dataDir = await directory()
    const seed = await processes.node()
    const node = await processes.node([...seedOf(seed), '--data-dir', dataDir])
    const third = await processes.node(seedOf(seed))
    await agreed([seed, node, third])
    await put(third, 'k', 'v')
    const before = await versionOf(seed)
    const member = (await members(seed)).find(({ id }) => id === node.nodeId)
    const starts = [[], seedOf(node), seedOf(third)].map(async (args, i) =>
      start(['--data-dir', await copied(dataDir, node, `copy-${i}`), ...args]),
    )
    for (const start of starts) expectRefused(await start)
    expect(await versionOf(seed)).toEqual(before)
    expect(await agreed([seed, node, third])).toEqual(before)
    expect((await members(third)).find(({ id }) => id === node.nodeId)).toEqual(member)
    for (const one of [seed, node, third]) expect(await (await get(one, 'k')).text()).toBe('v')
  })

  it('is refused by the first itself when that has no peers', async () => {
    const dataDir = await directory()
    const node = await processes.node(['--data-dir', dataDir])
    const copy = await copied(dataDir, node)
    expectRefused(await start(['--data-dir', copy]))
  })

  it('gets in when the first was killed, or does not answer, with one new incarnation', async () => {
    const dataDir = await directory()
    const seed = await processes.node()
    const node = await processes.node([...seedOf(seed), '--data-dir', dataDir])
    await agreed([seed, node])
    const { serial } = await versionOf(seed)
    const copy = await copied(dataDir, node)
    node.process.kill('SIGSTOP')
    // Its connection is as open as before.
    const second = await processes.node([...seedOf(seed), '--data-dir', copy])
    expect(second.nodeId).toBe(node.nodeId)
    const after = await agreed([seed, second])
    expect(after.serial - serial).toBeLessThanOrEqual(4)
    node.process.kill('SIGCONT')
    // It learns that the mesh goes on without it, and takes nothing back.
    await vi.waitFor(
      async () => {
        const readiness = await json<{ ready: boolean; reason: string }>(node, '/readyz')
        expect(readiness).toMatchObject({ ready: false, reason: expect.stringContaining('--data-dir') })
      },
      { timeout: 15_000, interval: 50 },
    )
    expect((await agreed([seed, second])).serial - after.serial).toBeLessThanOrEqual(4)
    node.process.kill('SIGKILL')
    await node.process.ended
    second.process.kill('SIGKILL')
    await second.process.ended
    const again = await processes.node([...seedOf(seed), '--data-dir', dataDir])
    await agreed([seed, again])
  })

  it('settles with one of the two, when each was let in by nodes that did not know the other', async () => {
    const dataDir = await directory()
    const made = await processes.node(['--data-dir', dataDir])
    const copy = await copied(dataDir, made)
    made.process.kill('SIGTERM')
    await made.process.ended
    // Nothing but who they are: neither finds the other by what it remembers.
    for (const path of [dataDir, copy]) await rm(join(path, 'configuration.bin'))
    const halves = await Promise.all([processes.node(), processes.node()])
    const [first, second] = (await Promise.all(
      [dataDir, copy].map((path, i) =>
        processes.node(['--data-dir', path, ...seedOf(halves[i] as StartedNode)]),
      ),
    )) as [StartedNode, StartedNode]
    const bridge = await processes.node(halves.flatMap(seedOf))
    const { code, stderr } = await Promise.race([first.process.ended, second.process.ended])
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ERR_DUPLICATE_IDENTITY'),
    })
    const rest = [...halves, bridge]
    await vi.waitFor(
      async () => {
        const seen = await Promise.all(rest.map(versionOf))
        expect(new Set(seen.map(({ digest }) => digest)).size).toBe(1)
        expect((await members(bridge)).filter(({ state }) => state === 'active').length).toBeLessThan(5)
      },
      { timeout: 15_000, interval: 50 },
    )
    // Without a rule it rose by five every second, for ever.
    expect((await versionOf(bridge)).serial).toBeLessThan(50)
  })
})
