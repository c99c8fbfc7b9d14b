// The bytes of admission (docs/protocol/admission.md).

import { createHmac } from 'node:crypto'
import { errorNumber } from '@cachemesh/protocol'

export const NONCE_BYTES = 32
export const PROOF_BYTES = 32
/** Tells one process from another with the same peer id. */
export const INSTANCE_BYTES = 16
/** What one side says of the other: 0, or the number of an error. */
export const VERDICT_BYTES = 2
export const MESH_ID_BYTES_MAX = 255
export const DIALER = 'cachemesh admission 2 dialer'
export const LISTENER = 'cachemesh admission 2 listener'

const ADMITTED = 0
const DUPLICATE: number = errorNumber('ERR_DUPLICATE_IDENTITY')

/** What a node without a mesh key proves with. */
export const NO_KEY: Uint8Array = new Uint8Array(0)

/**
 * HMAC-SHA256 over a label, both peer ids with their lengths (dialer first), both nonces (dialer first), and what the
 * prover says of itself and of the other side.
 */
export function proof(key: Uint8Array, label: string, ids: readonly string[], said: Uint8Array): Buffer {
  const hmac = createHmac('sha256', key).update(label)
  for (const id of ids) {
    const bytes = Buffer.from(id)
    const length = Buffer.alloc(2)
    length.writeUInt16LE(bytes.length)
    hmac.update(length).update(bytes)
  }
  return hmac.update(said).digest()
}

export function encodeMeshId(meshId: string): Uint8Array {
  const name = Buffer.from(meshId)
  return Buffer.concat([Uint8Array.of(name.length), name])
}

export function encodeVerdict(welcome: boolean): Uint8Array {
  const bytes = Buffer.alloc(VERDICT_BYTES)
  bytes.writeUInt16LE(welcome ? ADMITTED : DUPLICATE)
  return bytes
}

/** What a listener says to a dialer with another key, in place of its instance and verdict: no instance at all. */
export const REFUSAL: Uint8Array = refusal()

export function isRefusal(said: Uint8Array): boolean {
  return Buffer.compare(said, REFUSAL) === 0
}

function refusal(): Uint8Array {
  const bytes = Buffer.alloc(INSTANCE_BYTES + VERDICT_BYTES)
  bytes.writeUInt16LE(errorNumber('ERR_ADMISSION_REFUSED'), INSTANCE_BYTES)
  return bytes
}

export function isAdmitted(verdict: Uint8Array): boolean {
  return verdict[0] === 0 && verdict[1] === 0
}
