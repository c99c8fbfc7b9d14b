// What a node keeps across a restart: who it is, and the configuration it knew. A crash at any moment leaves
// each file old or new, never half of one.

import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { unpackConfiguration } from '@cachemesh/core'
import { createIdentity, type Identity, loadIdentity } from '@cachemesh/libp2p'
import { CacheMeshError, type Configuration } from '@cachemesh/protocol'

export interface Remembered {
  readonly identity: Identity
  readonly configuration: Configuration | undefined
}

/** Throws ERR_IDENTITY, ERR_CORRUPT_STATE, or ERR_WRONG_MESH for the directory of another mesh. */
export async function openDataDir(path: string | undefined, meshId: string): Promise<Remembered> {
  if (path === undefined) return { identity: await createIdentity(), configuration: undefined }
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new CacheMeshError('ERR_CORRUPT_STATE', `The data directory ${path} cannot be made (${reason})`, {
      cause,
    })
  }
  const configuration = await readConfiguration(configurationFile(path), meshId)
  return { identity: await loadIdentity(join(path, 'identity.key')), configuration }
}

/** Writes configurations one after the other; of those that wait only the newest is written. */
export class ConfigurationFile {
  readonly #path: string
  #waiting: Uint8Array | undefined
  #writing: Promise<void> | undefined
  readonly #dataDir: string
  readonly #failed: (error: CacheMeshError) => void

  constructor(dataDir: string, failed: (error: CacheMeshError) => void) {
    this.#dataDir = dataDir
    this.#path = configurationFile(dataDir)
    this.#failed = failed
  }

  write(bytes: Uint8Array): void {
    this.#waiting = bytes
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
  }

  /** Resolves when everything handed over is on disk. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async #drain(): Promise<void> {
    while (this.#waiting) {
      const bytes = this.#waiting
      this.#waiting = undefined
      try {
        await replaceFile(this.#path, bytes)
      } catch (error) {
        // A full disk, say: the node goes on from memory.
        this.#failed(notSaved(this.#dataDir, error))
      }
    }
  }
}

function notSaved(dataDir: string, cause: unknown): CacheMeshError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
  return new CacheMeshError(
    'ERR_CORRUPT_STATE',
    `The configuration could not be saved in ${dataDir} (${reason})`,
    { cause },
  )
}

async function readConfiguration(path: string, meshId: string): Promise<Configuration | undefined> {
  try {
    return unpackConfiguration(await readFile(path), meshId)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (cause instanceof CacheMeshError && cause.code === 'ERR_WRONG_MESH') {
      throw new CacheMeshError('ERR_WRONG_MESH', `${path}: ${cause.message}. Use another data directory`, {
        cause,
      })
    }
    const reason = (cause as Error).message
    throw new CacheMeshError(
      'ERR_CORRUPT_STATE',
      `${path} is damaged (${reason}). Delete it to start without it: the node finds its mesh again by its seeds`,
      { cause },
    )
  }
}

function configurationFile(dataDir: string): string {
  return join(dataDir, 'configuration.bin')
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.new`
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}
