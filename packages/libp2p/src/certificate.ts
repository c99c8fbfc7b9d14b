// The certificate that a node shows in TLS: self-signed, for a key of its own, with the node's identity and its
// signature of that key in an extension (libp2p's TLS specification). Whoever verifies it has the peer id.
// Nothing else in a certificate is believed.

import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { children, der, OID, TAG, utcTime } from './der.ts'

const SIGNED_PREFIX = Buffer.from('libp2p-tls-handshake:')
const LIBP2P_EXTENSION = OID('1.3.6.1.4.1.53594.1.1')
const ECDSA_WITH_SHA256 = der(TAG.sequence, OID('1.2.840.10045.4.3.2'))
const HOUR_MS = 3_600_000
/** Nobody renews it: it ends with the process. */
const VALID_MS = 20 * 365 * 24 * HOUR_MS

export interface Certificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

export async function createCertificate(identity: PrivateKey, now: number): Promise<Certificate> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = spkiOf(publicKey)
  const signature = await identity.sign(Buffer.concat([SIGNED_PREFIX, spki]))
  const signedKey = der(
    TAG.sequence,
    der(TAG.octetString, publicKeyToProtobuf(identity.publicKey)),
    der(TAG.octetString, signature),
  )
  const extension = der(
    TAG.sequence,
    LIBP2P_EXTENSION,
    der(TAG.boolean, Uint8Array.of(0xff)), // critical
    der(TAG.octetString, signedKey),
  )
  const nobody = der(TAG.sequence)
  const toBeSigned = der(
    TAG.sequence,
    der(TAG.version, der(TAG.integer, Uint8Array.of(2))), // X.509 v3
    der(TAG.integer, serialNumber()),
    ECDSA_WITH_SHA256,
    nobody,
    der(TAG.sequence, utcTime(now - HOUR_MS), utcTime(now + VALID_MS)),
    nobody,
    spki,
    der(TAG.extensions, der(TAG.sequence, extension)),
  )
  const signed = der(
    TAG.sequence,
    toBeSigned,
    ECDSA_WITH_SHA256,
    der(TAG.bitString, Uint8Array.of(0), sign('sha256', toBeSigned, privateKey)),
  )
  return {
    cert: new X509Certificate(signed).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** The peer whose certificate this is. Throws when it proves nothing. */
export async function certifiedPeer(certificate: X509Certificate, now: number): Promise<PeerId> {
  if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) {
    throw new Error('The certificate of the peer is not valid at this time')
  }
  if (!certificate.verify(certificate.publicKey))
    throw new Error('The certificate of the peer is not self-signed')
  const [identity, signature] = signedKeyIn(certificate.raw)
  const publicKey = publicKeyFromProtobuf(identity)
  const signed = Buffer.concat([SIGNED_PREFIX, spkiOf(certificate.publicKey)])
  if (!(await publicKey.verify(signed, signature))) {
    throw new Error('The certificate of the peer is not signed by its identity')
  }
  return peerIdFromPublicKey(publicKey)
}

/** Identity and signature in the extension. Throws when there is none. */
function signedKeyIn(certificate: Uint8Array): [identity: Uint8Array, signature: Uint8Array] {
  const [toBeSigned] = children(children(certificate)[0]!.content)
  const all = children(toBeSigned!.content).find(({ tag }) => tag === TAG.extensions)
  for (const extension of all === undefined ? [] : children(children(all.content)[0]!.content)) {
    const parts = children(extension.content)
    if (!LIBP2P_EXTENSION.equals(parts[0]!.bytes)) continue
    const [identity, signature] = children(children(parts.at(-1)!.content)[0]!.content)
    return [identity!.content, signature!.content]
  }
  throw new Error('The certificate of the peer names no identity')
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' })
}

/** Positive, and not shorter than it says. */
function serialNumber(): Uint8Array {
  const number = randomBytes(12)
  number[0] = ((number[0] as number) & 0x7f) | 0x40
  return number
}
