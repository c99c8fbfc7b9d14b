import { describe, expect, it } from 'vitest'
import { decodeFormerMembers, encodeFormerMembers } from './former-members.ts'

const memberAt = (port: number) => ({ id: `node-${port}`, addresses: [`/ip4/10.0.0.1/tcp/${port}`] })

describe('the list of former members', () => {
  it('comes back as it was kept, the newest thousand of it', () => {
    const members = Array.from({ length: 1_500 }, (_, i) => memberAt(i + 1))
    expect(decodeFormerMembers(encodeFormerMembers(members))).toEqual(members.slice(-1_000))
    expect(decodeFormerMembers(encodeFormerMembers([]))).toEqual([])
  })

  it('loses what is damaged and nothing else', () => {
    const bytes = encodeFormerMembers([memberAt(1), memberAt(2), memberAt(3)])
    const damaged = Buffer.from(bytes)
    damaged[damaged.indexOf('/ip4', damaged.indexOf('node-2'))] = 0xff
    expect(decodeFormerMembers(damaged)).toEqual([memberAt(1), memberAt(3)])
    expect(decodeFormerMembers(new Uint8Array(1_000).fill(0xff))).toEqual([])
  })
})
