import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty directory, deleted when the test ends. */
export async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cachemesh-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}
