// What a node keeps across a restart: who it is, the configuration it knew, and where members were that are gone.

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unpackConfiguration } from '@cachemesh/core'
import { createIdentity, type Identity, loadIdentity } from '@cachemesh/libp2p'
import { CacheMeshError, type Configuration } from '@cachemesh/protocol'
import { encodeFormerMembers, type FormerMember, readFormerMembers } from './former-members.ts'
import { KeptFile, replaceFile } from './kept-file.ts'
import { type Lock, lockDirectory } from './lock.ts'

export interface Remembered {
  readonly identity: Identity
  readonly configuration: Configuration | undefined
  /** Members that were removed, the newest last. */
  readonly formerMembers: readonly FormerMember[]
}

/** Without a directory: all of it in memory. */
export async function rememberNothing(): Promise<Remembered> {
  return { identity: await createIdentity(), configuration: undefined, formerMembers: [] }
}

/** A data directory that this process, and no other, uses until it is closed. */
export class DataDir {
  readonly remembered: Remembered
  readonly #configuration: KeptFile
  readonly #formerMembers: KeptFile
  readonly #lock: Lock | undefined

  /**
   * `failed` hears that something could not be kept, once for each trouble: the node goes on from memory.
   *
   * @throws ERR_DATA_DIR_IN_USE, ERR_IDENTITY, ERR_CORRUPT_STATE, ERR_MESH_DESTROYED, or ERR_WRONG_MESH for the directory of
   *   another mesh; nothing is changed then.
   */
  static async open(path: string, meshId: string, failed: (error: CacheMeshError) => void): Promise<DataDir> {
    const lock = await prepare(path, failed)
    try {
      const configuration = await readConfiguration(join(path, 'configuration.bin'), meshId)
      if (configuration?.destroyed) throw ended(path, configuration)
      const formerMembers = await readFormerMembers(join(path, 'former-members.txt'))
      const identity = await loadIdentity(join(path, 'identity.key'))
      return new DataDir({ path, lock, failed }, { identity, configuration, formerMembers })
    } catch (error) {
      await lock?.release()
      throw error
    }
  }

  private constructor(
    { path, lock, failed }: { path: string; lock: Lock | undefined; failed: (error: CacheMeshError) => void },
    remembered: Remembered,
  ) {
    this.remembered = remembered
    this.#lock = lock
    const kept = (name: string) =>
      new KeptFile(
        bytes => replaceFile(join(path, name), bytes),
        cause => failed(notKept(path, cause)),
      )
    this.#configuration = kept('configuration.bin')
    this.#formerMembers = kept('former-members.txt')
  }

  /** True while what this node knows is not on disk: after a restart it would know less. */
  get failing(): boolean {
    return this.#configuration.failing || this.#formerMembers.failing
  }

  keepConfiguration(bytes: Uint8Array): void {
    this.#configuration.write(bytes)
  }

  keepFormerMembers(members: readonly FormerMember[]): void {
    this.#formerMembers.write(encodeFormerMembers(members))
  }

  /** Resolves when everything handed over is on disk, or failed to be, and another process may open it. */
  async close(): Promise<void> {
    await Promise.all([this.#configuration.settled(), this.#formerMembers.settled()])
    await this.#lock?.release()
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
    const code = codeOf(cause)
    if (FULL.includes(code)) {
      failed(notKept(path, cause))
      return undefined
    }
    throw new CacheMeshError(
      'ERR_CORRUPT_STATE',
      `The data directory ${path} cannot be used (${code}); check that it is a directory that this user may write to`,
      { cause },
    )
  }
}

async function readConfiguration(path: string, meshId: string): Promise<Configuration | undefined> {
  try {
    return unpackConfiguration(await readFile(path), meshId)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    if (cause instanceof CacheMeshError && cause.code === 'ERR_WRONG_MESH') {
      throw new CacheMeshError(
        'ERR_WRONG_MESH',
        `${path}: ${cause.message}. Give this node another data directory, or start it with that mesh's name`,
        { cause },
      )
    }
    const reason = (cause as Error).message
    throw new CacheMeshError(
      'ERR_CORRUPT_STATE',
      `${path} is damaged (${reason}). Delete it to start without it: the node finds its mesh again by its seeds`,
      { cause },
    )
  }
}

function ended(path: string, { meshId, version }: Configuration): CacheMeshError {
  return new CacheMeshError(
    'ERR_MESH_DESTROYED',
    `The mesh ${JSON.stringify(meshId)} was destroyed at ${new Date(version.timestamp).toISOString()}, and ${path} remembers ` +
      'it. Start a mesh of another name with another data directory; to give a new mesh this name, delete ' +
      'the data directories of all who were in it first',
  )
}

function notKept(path: string, cause: unknown): CacheMeshError {
  return new CacheMeshError(
    'ERR_CORRUPT_STATE',
    `The configuration cannot be kept in ${path} (${codeOf(cause)}): the node goes on from memory, and tries again`,
    { cause },
  )
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
