import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { describe, expect, it } from 'vitest'
import { certifiedPeer, createCertificate } from './certificate.ts'

const NOW = Date.UTC(2026, 10, 21)
const YEAR_MS = 365 * 24 * 3_600_000

async function certified() {
  const identity = await generateKeyPair('Ed25519')
  const { cert } = await createCertificate(identity, NOW)
  return { identity, certificate: new X509Certificate(cert) }
}

describe('a certificate', () => {
  it('names the peer whose identity has signed its key', async () => {
    const { identity, certificate } = await certified()
    const peer = await certifiedPeer(certificate, NOW)
    expect(peer.toString()).toBe(peerIdFromPrivateKey(identity).toString())
  })

  it('proves nothing before its time, or after', async () => {
    const { certificate } = await certified()
    for (const now of [NOW - YEAR_MS, NOW + 21 * YEAR_MS])
      await expect(certifiedPeer(certificate, now)).rejects.toThrow('not valid at this time')
  })

  it('proves nothing with the identity of somebody else, who has not signed its key', async () => {
    const [victim, thief] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
    const sign = (data: Uint8Array): ReturnType<PrivateKey['sign']> => thief.sign(data)
    const { cert } = await createCertificate(Object.assign(Object.create(victim), { sign }), NOW)
    await expect(certifiedPeer(new X509Certificate(cert), NOW)).rejects.toThrow('not signed by its identity')
  })

  it('proves nothing when any byte of it has changed', async () => {
    const { certificate } = await certified()
    for (let at = 0; at < certificate.raw.length; at++) {
      const bytes = Buffer.from(certificate.raw)
      bytes[at] = (bytes[at] as number) ^ 1
      await expect(
        (async () => certifiedPeer(new X509Certificate(bytes), NOW))(),
        `byte ${at}`,
      ).rejects.toThrow()
    }
  })

  it.skipIf(!existsSync('/usr/bin/openssl'))('of anybody who names no identity proves nothing', async () => {
    const plain = execFileSync(
      '/usr/bin/openssl',
      [
        ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null'.split(' '),
        ...'-days 2 -subj /CN=nobody'.split(' '),
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    const certificate = new X509Certificate(plain)
    await expect(certifiedPeer(certificate, Date.parse(certificate.validFrom) + 1_000)).rejects.toThrow(
      'names no identity',
    )
  })
})
