// A directory as the place where a member keeps what it knows.

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadIdentity } from '@cachemesh/libp2p'
import { CacheMeshError } from '@cachemesh/protocol'
import { notKept, type Place, reasonOf } from './kept.ts'
import { replaceFile } from './kept-file.ts'
import { type Lock, lockDirectory } from './lock.ts'

const FILES = {
  identity: 'identity.key',
  configuration: 'configuration.bin',
  'former-members': 'former-members.txt',
} as const

/**
 * Opens a directory that this process, and no other, uses until it is closed. `failed` hears of a disk that is full.
 *
 * @throws ERR_DATA_DIR_IN_USE, ERR_CORRUPT_STATE
 */
export async function openDataDir(path: string, failed: (error: CacheMeshError) => void): Promise<Place> {
  const lock = await prepare(path, failed)
  return {
    storage: {
      async load(name) {
        try {
          return await readFile(join(path, FILES[name]))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
          throw error
        }
      },
      save: (name, bytes) => replaceFile(join(path, FILES[name]), bytes),
    },
    nameOf: name => join(path, FILES[name]),
    loadIdentity: () => loadIdentity(join(path, FILES.identity)),
    close: async () => lock?.release(),
  }
}

/** A disk that takes no more is no reason not to start: what is on it can be read. */
const FULL = ['ENOSPC', 'EDQUOT', 'EROFS']

async function prepare(path: string, failed: (error: CacheMeshError) => void): Promise<Lock | undefined> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    return await lockDirectory(path)
  } catch (cause) {
    if (cause instanceof CacheMeshError) throw cause
    const reason = reasonOf(cause)
    if (FULL.includes(reason)) {
      failed(notKept(path, cause))
      return undefined
    }
    throw new CacheMeshError(
      'ERR_CORRUPT_STATE',
      `The data directory ${path} cannot be used (${reason}); check that it is a directory that this user may write to`,
      { cause },
    )
  }
}
