import { mkdir, readFile, rmdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { KeptFile, replaceFile } from './kept-file.ts'
import { startChild } from './testing/child.ts'
import { directory } from './testing/directory.ts'

describe('a file that is replaced', () => {
  it('is whole at every moment, also when its writer is killed', async () => {
    const path = join(await directory(), 'kept')
    const checkWhole = async () => {
      const bytes = await readFile(path)
      const whole = bytes.length >= 100_000 && (bytes.length - 100_000) % 50_000 === 0
      expect([bytes.length, whole, bytes.equals(Buffer.alloc(bytes.length, bytes[0]))]).toEqual([
        bytes.length,
        true,
        true,
      ])
    }
    for (let i = 0; i < 3; i++) {
      const writer = await startChild('write-for-ever.ts', path)
      expect(writer.said).toBe('writing')
      // What a reader finds is what a crash at that moment would leave.
      for (let reads = 0; reads < 200; reads++) await checkWhole()
      await writer.kill('SIGKILL')
      await checkWhole()
    }
  })

  it.runIf(process.platform === 'linux')('keeps its content when the disk is full', async () => {
    const path = join(await directory(), 'kept')
    await replaceFile(path, Buffer.from('before'))
    await symlink('/dev/full', `${path}.new`)
    await expect(replaceFile(path, Buffer.from('after'))).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(String(await readFile(path))).toBe('before')
  })
})

describe('a file that is kept', () => {
  it('tells of a trouble once, and of the next one again', async () => {
    const path = join(await directory(), 'kept')
    const failed = vi.fn()
    const file = new KeptFile(bytes => replaceFile(path, bytes), failed)
    const write = async (content: string) => {
      file.write(Buffer.from(content))
      await file.settled()
    }
    const troubles = async () => {
      await mkdir(`${path}.new`)
      await write('1')
      await write('2')
      expect(file.failing).toBe(true)
      await rmdir(`${path}.new`)
      await write('3')
      expect(file.failing).toBe(false)
      expect(String(await readFile(path))).toBe('3')
    }
    await troubles()
    expect(failed).toHaveBeenCalledOnce()
    await troubles()
    expect(failed).toHaveBeenCalledTimes(2)
  })

  it('tries again by itself, with the newest', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const saved: number[] = []
      let full = true
      const file = new KeptFile(
        async ([byte = -1]) => {
          if (full) throw new Error('full')
          saved.push(byte)
        },
        () => {},
      )
      for (const byte of [1, 2, 3]) file.write(Uint8Array.of(byte))
      await vi.waitUntil(() => file.failing)
      full = false
      await vi.runAllTimersAsync()
      expect([saved, file.failing]).toEqual([[3], false])
    } finally {
      vi.useRealTimers()
    }
  })

  it('writes only the newest of what waits', async () => {
    const saved: number[] = []
    const file = new KeptFile(
      async ([byte = -1]) => {
        saved.push(byte)
      },
      () => {},
    )
    for (let i = 0; i < 100; i++) file.write(Uint8Array.of(i))
    await file.settled()
    expect(saved).toEqual([0, 99])
  })
})
