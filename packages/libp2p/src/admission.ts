// The exchange by which two nodes prove to each other that they hold a mesh key (docs/protocol/admission.md).
// It runs over a connection that is encrypted and whose ends have proved their peer ids, before anything
// else. The listener sends nothing but a random nonce until the dialer has proved itself, and the key itself
// never travels.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { CacheMeshError } from '@cachemesh/protocol'

/** The bytes of the secured connection, in order. `read` rejects when the other side ends it first. */
export interface AdmissionChannel {
  read(bytes: number): Promise<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when the other side has ended the connection, or soon. */
  ended(): Promise<void>
}

export interface AdmissionParty {
  readonly meshId: string
  /** The first proves, all are accepted. None: the key of no bytes, which protected mode confines to loopback. */
  readonly keys: readonly Uint8Array[]
  /** Own peer id. */
  readonly id: string
}

const NONCE_BYTES = 32
const PROOF_BYTES = 32
export const MESH_ID_BYTES_MAX = 255
const DIALER = 'cachemesh admission 1 dialer'
const LISTENER = 'cachemesh admission 1 listener'

/**
 * The dialer's side.
 *
 * @throws ERR_ADMISSION_REFUSED when the keys differ, ERR_WRONG_MESH when the keys agree and the meshes do
 *   not, ERR_UNREACHABLE when the other side went away before it could judge.
 */
export async function admitAsDialer(
  channel: AdmissionChannel,
  party: AdmissionParty,
  listener: string,
): Promise<void> {
  const key = party.keys[0] ?? NO_KEY
  const own = randomBytes(NONCE_BYTES)
  let nonces: Uint8Array
  try {
    await channel.write(own)
    nonces = Buffer.concat([own, await channel.read(NONCE_BYTES)])
    await channel.write(proof(key, DIALER, [party.id, listener], nonces))
  } catch (cause) {
    throw goneAway(listener, cause)
  }
  let answer: Uint8Array
  let theirs: string
  try {
    answer = await channel.read(PROOF_BYTES)
    theirs = await readMeshId(channel)
  } catch (cause) {
    // A refusal ends the connection at once; silence is something else.
    if (isTimeout(cause)) throw goneAway(listener, cause)
    throw new CacheMeshError(
      'ERR_ADMISSION_REFUSED',
      `Node ${listener} did not admit this node: their mesh keys differ; give both the same key (--key-file / \`key\`)`,
      { cause },
    )
  }
  if (!timingSafeEqual(answer, proof(key, LISTENER, [party.id, listener], nonces))) {
    throw new CacheMeshError(
      'ERR_ADMISSION_REFUSED',
      `Node ${listener} could not prove that it holds the mesh key`,
    )
  }
  try {
    await channel.write(encodeMeshId(party.meshId))
  } catch (cause) {
    throw goneAway(listener, cause)
  }
  if (theirs !== party.meshId) {
    // Hanging up now could overtake the name that was just sent, and the listener should learn it too.
    await channel.ended()
    throw wrongMesh(listener, theirs, party.meshId)
  }
}

/**
 * The listener's side. The errors are for its own log: a refused dialer only sees the connection end.
 *
 * @throws ERR_ADMISSION_REFUSED, ERR_WRONG_MESH; ERR_UNREACHABLE when the dialer ended the exchange itself.
 */
export async function admitAsListener(
  channel: AdmissionChannel,
  party: AdmissionParty,
  dialer: string,
): Promise<void> {
  const ids = [dialer, party.id] as const
  let nonces: Uint8Array
  let claim: Uint8Array
  try {
    const theirs = await channel.read(NONCE_BYTES)
    const own = randomBytes(NONCE_BYTES)
    nonces = Buffer.concat([theirs, own])
    await channel.write(own)
    claim = await channel.read(PROOF_BYTES)
  } catch (cause) {
    if (!isTimeout(cause)) throw goneAway(dialer, cause)
    const message = `Node ${dialer} offered no proof of the mesh key in time`
    throw new CacheMeshError('ERR_ADMISSION_REFUSED', message, { cause })
  }
  let known: Uint8Array | undefined
  for (const key of party.keys.length === 0 ? [NO_KEY] : party.keys) {
    // Every key is tried, so that the time taken does not tell which one fits.
    if (timingSafeEqual(claim, proof(key, DIALER, ids, nonces))) known ??= key
  }
  if (known === undefined) {
    throw new CacheMeshError(
      'ERR_ADMISSION_REFUSED',
      `Node ${dialer} tried to join with a mesh key that is not ours`,
    )
  }
  let name: string
  try {
    await channel.write(Buffer.concat([proof(known, LISTENER, ids, nonces), encodeMeshId(party.meshId)]))
    name = await readMeshId(channel)
  } catch (cause) {
    throw goneAway(dialer, cause)
  }
  if (name !== party.meshId) throw wrongMesh(dialer, name, party.meshId)
}

const NO_KEY = new Uint8Array(0)

/** HMAC-SHA256 over a label, both peer ids with their lengths (dialer first), and both nonces (dialer first). */
export function proof(key: Uint8Array, label: string, ids: readonly string[], nonces: Uint8Array): Buffer {
  const hmac = createHmac('sha256', key).update(label)
  for (const id of ids) {
    const bytes = Buffer.from(id)
    const length = Buffer.alloc(2)
    length.writeUInt16LE(bytes.length)
    hmac.update(length).update(bytes)
  }
  return hmac.update(nonces).digest()
}

function encodeMeshId(meshId: string): Uint8Array {
  const name = Buffer.from(meshId)
  return Buffer.concat([Uint8Array.of(name.length), name])
}

async function readMeshId(channel: AdmissionChannel): Promise<string> {
  const length = (await channel.read(1))[0] as number
  return length === 0 ? '' : Buffer.from(await channel.read(length)).toString('utf8')
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && /^(Timeout|Abort)Error$/.test(error.name)
}

function wrongMesh(peer: string, theirs: string, ours: string): CacheMeshError {
  return new CacheMeshError(
    'ERR_WRONG_MESH',
    `Node ${peer} belongs to mesh ${JSON.stringify(theirs)}, this node to ${JSON.stringify(ours)}; one key serves one mesh`,
  )
}

function goneAway(peer: string, cause: unknown): CacheMeshError {
  return new CacheMeshError('ERR_UNREACHABLE', `Node ${peer} went away during admission`, { cause })
}
