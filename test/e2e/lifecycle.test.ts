import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { agreed, get, members, put } from './api.ts'
import { gone, Processes, START_MAX_MS, type StartedNode, seedOf } from './processes.ts'

const processes = new Processes()
const seeds = new Processes()
let seed: StartedNode
beforeAll(async () => {
  seed = await seeds.node()
}, START_MAX_MS)
afterEach(() => processes.end())
afterAll(() => seeds.end())

const memberOf = async ({ nodeId }: StartedNode) => (await members(seed)).find(({ id }) => id === nodeId)

/** The command returns when the node is gone. */
async function leave({ api, nodeId, process }: StartedNode): Promise<void> {
  const { code, stdout, stderr } = await processes.run(['leave', '--api', api, '--format', 'json'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(String(stdout))).toEqual({ left: true, id: nodeId })
  await gone(process.pid)
}

describe('a node', () => {
  it.each([
    ['SIGTERM', async (node: StartedNode) => node.process.kill('SIGTERM')],
    ['SIGINT', async (node: StartedNode) => node.process.kill('SIGINT')],
    ['the end of its parent', async (node: StartedNode) => node.process.endInput()],
    ['`cachemesh leave`', leave],
  ])('leaves at %s: exit 0, and `left` for the others', async (_what, leaves) => {
    const node = await processes.node(seedOf(seed))
    await agreed([seed, node])
    await leaves(node)
    const { code, stdout, stderr } = await node.process.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(String(stdout).trim().split('\n')).toHaveLength(1)
    await vi.waitFor(async () => expect(await memberOf(node)).toMatchObject({ state: 'left' }))
    expect(await memberOf(seed)).toMatchObject({ state: 'active' })
  })

  it('ends at once at a second signal', async () => {
    const node = await processes.node()
    node.process.kill('SIGTERM')
    node.process.kill('SIGINT')
    const { code } = await node.process.ended
    // Whichever of the two the system delivers last.
    expect([130, 143]).toContain(code)
  })

  it('is the same active member after a restart with its data directory', async () => {
    const dataDir = await directory()
    const first = await processes.node([...seedOf(seed), '--data-dir', dataDir])
    await agreed([seed, first])
    const before = await memberOf(first)
    first.process.kill('SIGTERM')
    await first.process.ended
    const second = await processes.node([...seedOf(seed), '--data-dir', dataDir])
    expect(second.nodeId).toBe(first.nodeId)
    await agreed([seed, second])
    const after = await memberOf(first)
    expect(after?.state).toBe('active')
    expect(after?.incarnation).toBeGreaterThan(before?.incarnation as number)
    await put(second, 'k', 'v')
    expect(await (await get(seed, 'k')).text()).toBe('v')
  })

  it('finds its mesh without a seed after it was killed, from its data directory', async () => {
    const dataDir = await directory()
    const first = await processes.node([...seedOf(seed), '--data-dir', dataDir])
    await agreed([seed, first])
    await vi.waitFor(async () => {
      expect(String(await readFile(join(dataDir, 'configuration.bin')))).toContain(seed.nodeId)
    })
    first.process.kill('SIGKILL')
    await first.process.ended
    const second = await processes.node(['--data-dir', dataDir])
    expect(second.nodeId).toBe(first.nodeId)
    await agreed([seed, second])
    await put(seed, 'k', 'v')
    expect(await (await get(second, 'k')).text()).toBe('v')
  })
})

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cachemesh-e2e-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}
