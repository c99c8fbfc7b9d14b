import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gone, Processes, type Running, START_MAX_MS } from './processes.ts'

const processes = new Processes()
/** One that is killed leaves its temporary files behind. */
let TMPDIR: string
beforeAll(async () => {
  TMPDIR = await mkdtemp(join(tmpdir(), 'cachemesh-e2e-'))
}, START_MAX_MS)
afterAll(async () => {
  await processes.end()
  await rm(TMPDIR, { recursive: true, force: true })
})

describe.concurrent('cachemesh dev', () => {
  const pidsIn = (lines: readonly string[]) =>
    lines.flatMap(line => /^ +\d+ +(\d+) +…/.exec(line)?.[1] ?? []).map(Number)

  async function started(): Promise<{ dev: Running; pids: number[] }> {
    const dev = processes.spawn(['dev', '--nodes', '2'], { TMPDIR })
    const lines: string[] = []
    await dev.line(/Ctrl-C/, lines)
    const pids = pidsIn(lines)
    expect(pids).toHaveLength(2)
    return { dev, pids }
  }

  it(
    'shows the tour, and every step holds',
    async () => {
      const { code, stdout, stderr } = await processes.run(['dev', '--nodes', '3', '--tour', '--exit'])
      const text = String(stdout)
      expect({ code, stderr }, text).toEqual({ code: 0, stderr: '' })
      expect(text).toContain('every step held')
      expect(text).not.toContain('✗')
      expect(text).not.toContain('\x1b')
      await Promise.all(pidsIn(text.split('\n')).map(gone))
    },
    START_MAX_MS,
  )

  it('takes its nodes along at SIGINT', async () => {
    const { dev, pids } = await started()
    dev.kill('SIGINT')
    expect(await dev.ended).toMatchObject({ code: 0, stderr: '' })
    await Promise.all(pids.map(gone))
  })

  it('takes its nodes along when it is killed', async () => {
    const { dev, pids } = await started()
    dev.kill('SIGKILL')
    await Promise.all(pids.map(gone))
  })
})
