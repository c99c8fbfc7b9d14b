import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createIdentity, loadIdentity } from './identity.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cachemesh-identity-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('identity', () => {
  it('is new each time in memory', async () => {
    expect((await createIdentity()).id).not.toBe((await createIdentity()).id)
  })

  it('is made once in a file that only its owner may read', async () => {
    const path = join(directory, 'deeper', 'identity')
    const made = await loadIdentity(path)
    expect((await loadIdentity(path)).id).toBe(made.id)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(directory, 'deeper'))).toEqual(['identity'])
  })

  it('is one, when two processes start on the same new file', async () => {
    const path = join(directory, 'identity')
    const identities = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(path)))
    expect(new Set(identities.map(({ id }) => id)).size).toBe(1)
    expect(await readdir(directory)).toEqual(['identity'])
  })

  it('is not replaced when its file is damaged', async () => {
    const path = join(directory, 'identity')
    await loadIdentity(path)
    const whole = await readFile(path)
    for (const bytes of [
      whole.subarray(0, 30),
      Buffer.alloc(0),
      Buffer.from('hello'),
      Buffer.alloc(70_000),
    ]) {
      await writeFile(path, bytes)
      await expect(loadIdentity(path)).rejects.toMatchObject({
        code: 'ERR_IDENTITY',
        message: expect.stringContaining(path),
      })
      expect(await readFile(path)).toEqual(bytes)
    }
  })

  it('is refused when others may read it, with the command that helps', async () => {
    const path = join(directory, 'identity')
    await loadIdentity(path)
    for (const mode of [0o640, 0o604, 0o660]) {
      await chmod(path, mode)
      await expect(loadIdentity(path)).rejects.toMatchObject({
        code: 'ERR_IDENTITY',
        message: expect.stringContaining(`chmod 600 '${path}'`),
      })
    }
  })

  it('says which file cannot be read or written', async () => {
    await writeFile(join(directory, 'file'), '')
    for (const path of [directory, join(directory, 'file', 'identity')]) {
      await chmod(directory, 0o700)
      await expect(loadIdentity(path)).rejects.toMatchObject({
        code: 'ERR_IDENTITY',
        message: expect.stringContaining(path),
      })
    }
  })
})
