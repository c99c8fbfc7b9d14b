// The exchange by which two nodes prove to each other that they hold a mesh key (docs/protocol/admission.md).
// It runs over a connection that is encrypted and whose ends have proved their peer ids, before anything
// else. The listener sends nothing but a random nonce until the dialer has proved itself, and the key itself
// never travels.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { CacheMeshError } from '@cachemesh/protocol'
import {
  DIALER,
  encodeMeshId,
  encodeVerdict,
  INSTANCE_BYTES,
  isAdmitted,
  isRefusal,
  LISTENER,
  NO_KEY,
  NONCE_BYTES,
  PROOF_BYTES,
  proof,
  REFUSAL,
  VERDICT_BYTES,
} from './proof.ts'

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
  /** Tells this process from another one with the same peer id. */
  readonly instance: Uint8Array
  /** Whether this instance of a peer may come in: false while another one is connected and answers. */
  admits(peer: string, instance: Uint8Array): Promise<boolean>
  /** A node knows another running process by the identity of this one. */
  duplicate(reason: CacheMeshError): void
}

/**
 * The dialer's side.
 *
 * @throws ERR_ADMISSION_REFUSED when the keys differ, ERR_WRONG_MESH when the keys agree and the meshes do
 *   not, ERR_DUPLICATE_IDENTITY when another process is this member, ERR_INVALID_ARGUMENT when this very process
 *   listens there; ERR_UNREACHABLE when the other side went away before it could judge, or is not the process by
 *   which its peer id is known here.
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
    nonces = Buffer.concat([own, await channel.read(NONCE_BYTES), party.instance])
    await channel.write(Buffer.concat([party.instance, proof(key, DIALER, [party.id, listener], nonces)]))
  } catch (cause) {
    throw goneAway(listener, cause)
  }
  let answer: Uint8Array
  let said: Uint8Array
  let theirs: string
  try {
    said = await channel.read(INSTANCE_BYTES + VERDICT_BYTES)
    if (isRefusal(said)) throw otherKey(listener)
    answer = await channel.read(PROOF_BYTES)
    theirs = await readMeshId(channel)
  } catch (cause) {
    throw cause instanceof CacheMeshError ? cause : goneAway(listener, cause)
  }
  const signed = Buffer.concat([nonces, said])
  if (!timingSafeEqual(answer, proof(key, LISTENER, [party.id, listener], signed))) {
    throw new CacheMeshError(
      'ERR_ADMISSION_REFUSED',
      `Node ${listener} could not prove that it holds the mesh key`,
    )
  }
  const instance = said.subarray(0, INSTANCE_BYTES)
  if (listener === party.id && timingSafeEqual(instance, party.instance)) throw itself()
  const welcome = theirs !== party.meshId || (await admits(party, listener, instance))
  try {
    await channel.write(Buffer.concat([encodeMeshId(party.meshId), encodeVerdict(welcome)]))
  } catch (cause) {
    throw goneAway(listener, cause)
  }
  const refused = !isAdmitted(said.subarray(INSTANCE_BYTES))
  if (theirs === party.meshId && welcome && !refused) return
  // Hanging up now could overtake what was just sent, and the listener should learn it too.
  await channel.ended()
  if (theirs !== party.meshId) throw wrongMesh(listener, theirs, party.meshId)
  if (refused || listener === party.id) throw duplicateOfThis(party, listener)
  const cause = secondProcess(listener)
  throw new CacheMeshError('ERR_UNREACHABLE', cause.message, { cause })
}

/**
 * The listener's side. The errors are for its own log: a refused dialer only sees the connection end.
 *
 * @throws ERR_ADMISSION_REFUSED, ERR_WRONG_MESH; ERR_DUPLICATE_IDENTITY when the dialer is another process than the
 *   one by which its peer id is known here; ERR_UNREACHABLE when the dialer ended the exchange itself.
 */
export async function admitAsListener(
  channel: AdmissionChannel,
  party: AdmissionParty,
  dialer: string,
): Promise<void> {
  const ids = [dialer, party.id] as const
  let nonces: Uint8Array
  let claim: Uint8Array
  let instance: Uint8Array
  try {
    const theirs = await channel.read(NONCE_BYTES)
    const own = randomBytes(NONCE_BYTES)
    await channel.write(own)
    instance = await channel.read(INSTANCE_BYTES)
    nonces = Buffer.concat([theirs, own, instance])
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
    // Said, for a connection that only ends may have ended for any reason: a node that is short of time, say.
    await channel.write(REFUSAL).then(
      () => channel.ended(),
      () => {},
    )
    throw new CacheMeshError(
      'ERR_ADMISSION_REFUSED',
      `Node ${dialer} tried to join with a mesh key that is not ours`,
    )
  }
  const welcome = await admits(party, dialer, instance)
  const said = Buffer.concat([party.instance, encodeVerdict(welcome)])
  const answer = proof(known, LISTENER, ids, Buffer.concat([nonces, said]))
  let name: string
  let refused: boolean
  try {
    await channel.write(Buffer.concat([said, answer, encodeMeshId(party.meshId)]))
    name = await readMeshId(channel)
    refused = !isAdmitted(await channel.read(VERDICT_BYTES))
  } catch (cause) {
    throw goneAway(dialer, cause)
  }
  if (name !== party.meshId) throw wrongMesh(dialer, name, party.meshId)
  if (!welcome) throw secondProcess(dialer)
  if (refused) throw goneAway(dialer, duplicateOfThis(party, dialer))
}

/** A node never admits itself: of two processes with its identity it is the one that is there. */
async function admits(party: AdmissionParty, peer: string, instance: Uint8Array): Promise<boolean> {
  if (peer === party.id) return timingSafeEqual(instance, party.instance)
  return party.admits(peer, instance)
}

async function readMeshId(channel: AdmissionChannel): Promise<string> {
  const length = (await channel.read(1))[0] as number
  return length === 0 ? '' : Buffer.from(await channel.read(length)).toString('utf8')
}

export function itself(): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_ARGUMENT', 'The address is of this node itself')
}

function otherKey(listener: string): CacheMeshError {
  return new CacheMeshError(
    'ERR_ADMISSION_REFUSED',
    `Node ${listener} did not admit this node: their mesh keys differ; give both the same key (--key-file / \`key\`)`,
  )
}

function duplicateOfThis(party: AdmissionParty, by: string): CacheMeshError {
  const how = by === party.id ? 'answers' : `is connected to node ${by}`
  const reason = new CacheMeshError(
    'ERR_DUPLICATE_IDENTITY',
    `Another running process is member ${party.id} and ${how}: this one has a copy of its data directory. Give this ` +
      'one a directory of its own (`cachemesh start --data-dir`), or stop the other',
  )
  party.duplicate(reason)
  return reason
}

function secondProcess(peer: string): CacheMeshError {
  return new CacheMeshError(
    'ERR_DUPLICATE_IDENTITY',
    `A second process with the identity of node ${peer} was refused: its data directory is a copy`,
  )
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
