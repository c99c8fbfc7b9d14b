import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdmissionChannel, admitAsDialer, admitAsListener, proof } from './admission.ts'
import { key } from './testing/mesh.ts'

const party = (id: string, keys: Uint8Array[], meshId = 'test') => ({ id, keys, meshId })

describe('the admission exchange', () => {
  it('proves a key by the documented bytes', () => {
    const nonces = Uint8Array.from({ length: 64 }, (_, i) => i)
    const ids = ['12D3KooWDialer', '12D3KooWListener']
    const hex = (label: string, key: Uint8Array) => proof(key, label, ids, nonces).toString('hex')
    expect(hex('cachemesh admission 1 dialer', key(1))).toBe(
      '57999a6ebe0d3ddd68beccf66b9b07c316673f8e533084b9ca649612b1ef8a20',
    )
    expect(hex('cachemesh admission 1 listener', key(1))).toBe(
      '090a897c0881b5feeb0da912d0f241c9a64eb68428366610939cde52b7bbf80a',
    )
    expect(hex('cachemesh admission 1 dialer', new Uint8Array(0))).toBe(
      '44cf61ed9a0166d4c8b224bc45d343d46420437c9e2230bc8188a3fbe7ba1420',
    )
  })

  it('has the listener say its nonce, then its proof with its mesh, and no more', async () => {
    const { dialer, listener, said } = pair()
    await Promise.all([
      admitAsDialer(dialer, party('d', [key(1)]), 'l'),
      admitAsListener(listener, party('l', [key(1)]), 'd'),
    ])
    expect(said.listener.map(bytes => bytes.length)).toEqual([32, 32 + 1 + 'test'.length])
    expect(said.dialer.map(bytes => bytes.length)).toEqual([32, 32, 1 + 'test'.length])
  })

  it('does not answer a proof that was made for another listener, or by another dialer', async () => {
    for (const [dialer, listener] of [
      ['d', 'other'],
      ['other', 'l'],
    ] as const) {
      const ends = pair()
      const admitted = admitAsListener(ends.listener, party('l', [key(1)]), 'd')
      admitAsDialer(ends.dialer, party(dialer, [key(1)]), listener).catch(() => {})
      await expect(admitted).rejects.toMatchObject({ code: 'ERR_ADMISSION_REFUSED' })
      expect(ends.said.listener).toHaveLength(1)
    }
  })

  it('does not take its own proof, sent back, for the proof of the listener', async () => {
    const { dialer, listener } = pair()
    const dialling = admitAsDialer(dialer, party('d', [key(1)]), 'l')
    await listener.read(32)
    await listener.write(new Uint8Array(32))
    await listener.write(Buffer.concat([await listener.read(32), Buffer.from('\x04test')]))
    await expect(dialling).rejects.toMatchObject({ code: 'ERR_ADMISSION_REFUSED' })
  })

  it('refuses any bytes that are no proof with the typed error, having said a nonce at most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 64, maxLength: 400 }), async bytes => {
        const { dialer, listener, said } = pair()
        await dialer.write(bytes)
        const admitted = admitAsListener(listener, party('l', [key(1), key(2)]), 'd')
        await expect(admitted).rejects.toMatchObject({ code: 'ERR_ADMISSION_REFUSED' })
        expect(Buffer.concat(said.listener)).toHaveLength(32)
      }),
    )
  })
})

/** Both ends of a connection in memory, with a record of what was written. */
function pair() {
  const said = { dialer: [] as Uint8Array[], listener: [] as Uint8Array[] }
  const toListener = pipe()
  const toDialer = pipe()
  const end = (own: Uint8Array[], out: Pipe, into: Pipe): AdmissionChannel => ({
    read: into.read,
    async write(bytes) {
      own.push(bytes)
      out.write(bytes)
    },
    async ended() {},
  })
  return {
    said,
    dialer: end(said.dialer, toListener, toDialer),
    listener: end(said.listener, toDialer, toListener),
  }
}

type Pipe = ReturnType<typeof pipe>

function pipe() {
  let waiting = new Uint8Array(0)
  let wake = () => {}
  return {
    write(bytes: Uint8Array) {
      waiting = Uint8Array.from([...waiting, ...bytes])
      wake()
    },
    async read(count: number): Promise<Uint8Array> {
      while (waiting.length < count) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      const bytes = waiting.slice(0, count)
      waiting = waiting.slice(count)
      return bytes
    },
  }
}
