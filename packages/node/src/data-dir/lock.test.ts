import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lockDirectory } from './lock.ts'
import { startChild } from './testing/child.ts'
import { directory } from './testing/directory.ts'

const hold = (path: string) => startChild('lock-and-wait.ts', path)
const inUseBy = (pid: number) =>
  expect.objectContaining({
    code: 'ERR_DATA_DIR_IN_USE',
    message: expect.stringMatching(new RegExp(`in use by process ${pid};.*--data-dir`)),
  })

describe('the lock of a data directory', () => {
  it('is refused to a second, also of the same process, with the pid of the holder', async () => {
    const path = await directory()
    const lock = await lockDirectory(path)
    await expect(lockDirectory(path)).rejects.toEqual(inUseBy(process.pid))
    await lock.release()
    const again = await lockDirectory(path)
    await again.release()
    expect(await readdir(path)).toEqual([])
  })

  it('is kept by a process that is frozen, and free when it was killed', async () => {
    const path = await directory()
    const holder = await hold(path)
    expect(holder.said).toBe('locked')
    holder.signal('SIGSTOP')
    // Its queue of connections must not run full unnoticed either.
    for (let i = 0; i < 20; i++) await expect(lockDirectory(path)).rejects.toEqual(inUseBy(holder.pid))
    await holder.kill('SIGKILL')
    expect(await readdir(path)).toHaveLength(1)
    const lock = await lockDirectory(path)
    expect(await readdir(path)).toHaveLength(1)
    await lock.release()
  })

  it('goes to one at most of many processes that start at once', async () => {
    const path = await directory()
    const dead = await hold(path)
    await dead.kill('SIGKILL')
    const said = (await Promise.all(Array.from({ length: 5 }, () => hold(path)))).map(child => child.said)
    expect(said.filter(word => word === 'locked').length).toBeLessThanOrEqual(1)
    for (const word of said) expect(['locked', 'ERR_DATA_DIR_IN_USE']).toContain(word)
  })

  it('never has two holders, whatever the order in which they come and go', async () => {
    const path = await directory()
    let holders = 0
    let held = 0
    const contender = async () => {
      for (let i = 0; i < 20; i++) {
        try {
          const lock = await lockDirectory(path)
          expect(++holders).toBe(1)
          held++
          await new Promise(setImmediate)
          holders--
          await lock.release()
        } catch (error) {
          expect(error).toEqual(inUseBy(process.pid))
        }
      }
    }
    await Promise.all(Array.from({ length: 4 }, contender))
    expect(held).toBeGreaterThan(0)
  })

  it('works at a path that is too long for a socket', async () => {
    const path = join(await directory(), 'a'.repeat(100), 'b'.repeat(100))
    await mkdir(path, { recursive: true })
    const lock = await lockDirectory(path)
    await expect(lockDirectory(path)).rejects.toEqual(inUseBy(process.pid))
    await lock.release()
  })

  it('trusts the process id of a claim that is a plain file', async () => {
    const path = await directory()
    const claim = (pid: number) => writeFile(join(path, `lock.${pid}.0123456789abcdef`), '')
    await claim(2 ** 30)
    const lock = await lockDirectory(path)
    await lock.release()
    await claim(process.ppid)
    await expect(lockDirectory(path)).rejects.toEqual(inUseBy(process.ppid))
  })
})
