// What a member keeps across a restart: who it is, the configuration it knew, and where members were that are gone.

import { unpackConfiguration } from '@cachemesh/core'
import { createIdentity, type Identity } from '@cachemesh/libp2p'
import { CacheMeshError, type Configuration } from '@cachemesh/protocol'
import { decodeFormerMembers, encodeFormerMembers, type FormerMember } from './former-members.ts'
import { KeptFile } from './kept-file.ts'
import type { MemberStorage } from './member-storage.ts'

export interface Remembered {
  readonly identity: Identity
  readonly configuration: Configuration | undefined
  /** Members that were removed, the newest last. */
  readonly formerMembers: readonly FormerMember[]
}

/** Without a place to keep anything. */
export async function rememberNothing(): Promise<Remembered> {
  return { identity: await createIdentity(), configuration: undefined, formerMembers: [] }
}

/** Where it is kept, open for this process alone. */
export interface Place {
  readonly storage: MemberStorage
  /** As people know it. */
  nameOf(name: 'configuration' | 'former-members'): string
  /** Makes a new one when there is none. Throws ERR_IDENTITY. */
  loadIdentity(): Promise<Identity>
  close(): Promise<void>
}

export class Kept {
  readonly remembered: Remembered
  readonly #place: Place
  readonly #configuration: KeptFile
  readonly #formerMembers: KeptFile

  /**
   * `failed` hears that something could not be kept, once for each trouble: the member goes on from memory.
   *
   * @throws ERR_IDENTITY, ERR_CORRUPT_STATE, ERR_WRONG_MESH or ERR_MESH_DESTROYED; nothing is changed then, and the
   *   place is closed.
   */
  static async open(place: Place, meshId: string, failed: (error: CacheMeshError) => void): Promise<Kept> {
    try {
      const configuration = await loadConfiguration(place, meshId)
      const bytes = await load(place, 'former-members')
      const formerMembers = bytes === undefined ? [] : decodeFormerMembers(bytes)
      const identity = await place.loadIdentity()
      return new Kept(place, { identity, configuration, formerMembers }, failed)
    } catch (error) {
      await place.close()
      throw error
    }
  }

  private constructor(place: Place, remembered: Remembered, failed: (error: CacheMeshError) => void) {
    this.remembered = remembered
    this.#place = place
    const kept = (name: 'configuration' | 'former-members') =>
      new KeptFile(
        bytes => place.storage.save(name, bytes),
        cause => failed(notKept(place.nameOf(name), cause)),
      )
    this.#configuration = kept('configuration')
    this.#formerMembers = kept('former-members')
  }

  /** True while what this member knows is not kept: after a restart it would know less. */
  get failing(): boolean {
    return this.#configuration.failing || this.#formerMembers.failing
  }

  keepConfiguration(bytes: Uint8Array): void {
    this.#configuration.write(bytes)
  }

  keepFormerMembers(members: readonly FormerMember[]): void {
    this.#formerMembers.write(encodeFormerMembers(members))
  }

  /** Resolves when everything handed over is kept, or failed to be, and another process may open the place. */
  async close(): Promise<void> {
    await Promise.all([this.#configuration.settled(), this.#formerMembers.settled()])
    await this.#place.close()
  }
}

export function notKept(where: string, cause: unknown): CacheMeshError {
  return new CacheMeshError(
    'ERR_CORRUPT_STATE',
    `${where} cannot be written (${reasonOf(cause)}): the node goes on from memory, and tries again`,
    { cause },
  )
}

async function load(place: Place, name: 'configuration' | 'former-members'): Promise<Uint8Array | undefined> {
  try {
    return await place.storage.load(name)
  } catch (cause) {
    throw new CacheMeshError(
      'ERR_CORRUPT_STATE',
      `${place.nameOf(name)} cannot be read (${reasonOf(cause)})`,
      { cause },
    )
  }
}

async function loadConfiguration(place: Place, meshId: string): Promise<Configuration | undefined> {
  const bytes = await load(place, 'configuration')
  if (bytes === undefined) return undefined
  const configuration = unpack(bytes, meshId, place.nameOf('configuration'))
  if (configuration.destroyed) throw ended(place.nameOf('configuration'), configuration)
  return configuration
}

function unpack(bytes: Uint8Array, meshId: string, where: string): Configuration {
  try {
    return unpackConfiguration(bytes, meshId)
  } catch (cause) {
    const { code, message } = cause as CacheMeshError
    if (code === 'ERR_WRONG_MESH') {
      throw new CacheMeshError(
        'ERR_WRONG_MESH',
        `${where}: ${message}. Give this node another data directory, or start it with that mesh's name`,
        { cause },
      )
    }
    throw new CacheMeshError(
      'ERR_CORRUPT_STATE',
      `${where} is damaged (${message}). Delete it to start without it: the node finds its mesh again by its seeds`,
      { cause },
    )
  }
}

function ended(where: string, { meshId, version }: Configuration): CacheMeshError {
  return new CacheMeshError(
    'ERR_MESH_DESTROYED',
    `The mesh ${JSON.stringify(meshId)} was destroyed at ${new Date(version.timestamp).toISOString()}, and ${where} remembers ` +
      'it. Start a mesh of another name with another data directory; to give a new mesh this name, delete ' +
      'the data directories of all who were in it first',
  )
}

export function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error))
}
