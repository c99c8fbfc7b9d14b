// Who a node is: an Ed25519 key pair whose public half is the peer id. Two running nodes must never share
// one, and a damaged file must never be replaced by a new identity in silence: the mesh would see a stranger.

import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CacheMeshError } from '@cachemesh/protocol'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { writeDurably } from './durable-file.ts'
import { idOf } from './id-of.ts'

export interface Identity {
  /** The peer id, base58. */
  readonly id: string
  readonly privateKey: PrivateKey
}

/** Bytes of a private key file; the real one has 68. */
const FILE_BYTES_MAX = 4096

/** A new identity that lives in memory only. */
export async function createIdentity(): Promise<Identity> {
  return identityOf(await generateKeyPair('Ed25519'))
}

/**
 * The identity kept in a file. When there is no such file a new identity is made and written, mode 0600.
 *
 * @throws ERR_IDENTITY when the file cannot be read or written, is no private key, or when others than its
 *   owner may read it.
 */
export async function loadIdentity(path: string): Promise<Identity> {
  const found = await readIdentity(path)
  if (found !== undefined) return found
  const made = await createIdentity()
  await writeIdentity(path, privateKeyToProtobuf(made.privateKey))
  // Of two processes that start on one new file one wins; both read back the winner's.
  return (await readIdentity(path)) ?? made
}

/** The private key in bytes, for {@link identityFrom}. */
export function identityToBytes({ privateKey }: Identity): Uint8Array {
  return privateKeyToProtobuf(privateKey)
}

/** Throws ERR_IDENTITY when the bytes are no private key of a node. */
export function identityFrom(bytes: Uint8Array): Identity {
  return identityIn(bytes, 'What was kept as identity')
}

async function readIdentity(path: string): Promise<Identity | undefined> {
  let bytes: Uint8Array
  try {
    const { mode, size } = await stat(path)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw readableByOthers(path)
    if (size > FILE_BYTES_MAX) throw damaged(path)
    bytes = await readFile(path)
  } catch (error) {
    if (error instanceof CacheMeshError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw failed(path, 'read', error)
  }
  return identityIn(bytes, path)
}

function identityIn(bytes: Uint8Array, where: string): Identity {
  try {
    const privateKey = privateKeyFromProtobuf(bytes)
    if (privateKey.type === 'Ed25519') return identityOf(privateKey)
  } catch (cause) {
    throw damaged(where, cause)
  }
  throw damaged(where)
}

/** A crash leaves no file or a whole one. */
async function writeIdentity(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.new`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeDurably(path, bytes, { temporary, flags: 'wx', put: putInPlace })
  } catch (error) {
    throw failed(path, 'written', error)
  } finally {
    // A link leaves the name that it was made from.
    await rm(temporary, { force: true }).catch(() => {})
  }
}

/** A link, unlike a rename, never replaces a file that has appeared meanwhile. Not all file systems have it. */
async function putInPlace(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    await rename(temporary, path)
  }
}

function identityOf(privateKey: PrivateKey): Identity {
  return { id: idOf(peerIdFromPrivateKey(privateKey)), privateKey }
}

function damaged(path: string, cause?: unknown): CacheMeshError {
  return new CacheMeshError(
    'ERR_IDENTITY',
    `${path} is not a private key of a node; restore it from a backup, or move it away to start as a new member`,
    { cause },
  )
}

function readableByOthers(path: string): CacheMeshError {
  return new CacheMeshError(
    'ERR_IDENTITY',
    `${path} holds a private key that others may read; run: chmod 600 '${path.replaceAll("'", "'\\''")}'`,
  )
}

function failed(path: string, what: string, cause: unknown): CacheMeshError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new CacheMeshError(
    'ERR_IDENTITY',
    `The identity file ${path} cannot be ${what} (${why}); check that this user may use the path`,
    { cause },
  )
}
