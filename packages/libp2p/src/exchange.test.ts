import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdmissionChannel, type AdmissionParty, admitAsDialer, admitAsListener } from './admission.ts'
import { proof, REFUSAL } from './proof.ts'
import { key } from './testing/mesh.ts'

const party = (id: string, keys: Uint8Array[], more: Partial<AdmissionParty> = {}): AdmissionParty => ({
  id,
  keys,
  meshId: 'test',
  instance: new Uint8Array(16).fill(id.charCodeAt(0)),
  admits: async () => true,
  duplicate: reason => {
    throw reason
  },
  ...more,
})

describe('the admission exchange', () => {
  it('proves a key by the documented bytes', () => {
    const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i)
    const ids = ['12D3KooWDialer', '12D3KooWListener']
    const hex = (who: string, key: Uint8Array, said: Uint8Array) =>
      proof(key, `cachemesh admission 2 ${who}`, ids, said).toString('hex')
    expect(hex('dialer', key(1), bytes(80))).toBe(
      '02cb073809a9c9029eba156e20094cfd1f7fd2c43bb40c2f936d387f4fc129dc',
    )
    const verdict = Uint8Array.of(31, 0)
    expect(hex('listener', key(1), Buffer.concat([bytes(96), verdict]))).toBe(
      '54a46708da91592c0097f08f7aaa6932183076894f1160e4c6118a992e11b8a3',
    )
    expect(hex('dialer', new Uint8Array(0), bytes(80))).toBe(
      '0856725f076ae9c4def7afab954bb55484311f860780c794efc13afddba45a2f',
    )
  })

  it('has the listener say its nonce, then its proof with its mesh, and no more', async () => {
    const { dialer, listener, said } = pair()
    await Promise.all([
      admitAsDialer(dialer, party('d', [key(1)]), 'l'),
      admitAsListener(listener, party('l', [key(1)]), 'd'),
    ])
    expect(said.listener.map(bytes => bytes.length)).toEqual([32, 16 + 2 + 32 + 1 + 'test'.length])
    expect(said.dialer.map(bytes => bytes.length)).toEqual([32, 16 + 32, 1 + 'test'.length + 2])
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
      expect(ends.said.listener.slice(1)).toEqual([REFUSAL])
    }
  })

  it('does not take its own proof, sent back, for the proof of the listener', async () => {
    const { dialer, listener } = pair()
    const dialling = admitAsDialer(dialer, party('d', [key(1)]), 'l')
    await listener.read(32)
    await listener.write(new Uint8Array(32))
    const [instance, claim] = [await listener.read(16), await listener.read(32)]
    await listener.write(Buffer.concat([instance, Uint8Array.of(0, 0), claim, Buffer.from('\x04test')]))
    await expect(dialling).rejects.toMatchObject({ code: 'ERR_ADMISSION_REFUSED' })
  })

  it('refuses any bytes that are no proof with the typed error, having said no more than that', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32 + 16 + 32, maxLength: 400 }), async bytes => {
        const { dialer, listener, said } = pair()
        await dialer.write(bytes)
        const admitted = admitAsListener(listener, party('l', [key(1), key(2)]), 'd')
        await expect(admitted).rejects.toMatchObject({ code: 'ERR_ADMISSION_REFUSED' })
        expect(said.listener.slice(1)).toEqual([REFUSAL])
        expect(said.listener[0]).toHaveLength(32)
      }),
    )
  })

  it('does not take a connection that breaks for a refusal', async () => {
    for (const words of [0, 1]) {
      const { dialer, listener } = pair()
      const dialling = admitAsDialer(dialer, party('d', [key(1)]), 'l')
      for (let i = 0; i < words; i++) await listener.write(new Uint8Array(32))
      dialer.read = async () => {
        throw new Error('reset')
      }
      listener.write(new Uint8Array(32))
      await expect(dialling).rejects.toMatchObject({ code: 'ERR_UNREACHABLE' })
    }
  })

  it('tells a dialer that another process is this member, and the mesh goes on with that one', async () => {
    const { dialer, listener } = pair()
    const duplicates: string[] = []
    const duplicate = ({ code }: Error & { code: string }) => duplicates.push(code)
    const admitted = await Promise.allSettled([
      admitAsDialer(dialer, party('d', [key(1)], { duplicate }), 'l'),
      admitAsListener(listener, party('l', [key(1)], { admits: async peer => peer !== 'd' }), 'd'),
    ])
    const reason = expect.objectContaining({ code: 'ERR_DUPLICATE_IDENTITY' })
    expect(admitted).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ])
    expect(duplicates).toEqual(['ERR_DUPLICATE_IDENTITY'])
  })

  it('tells a listener the same', async () => {
    const { dialer, listener } = pair()
    const duplicates: string[] = []
    const duplicate = ({ code }: Error & { code: string }) => duplicates.push(code)
    const admitted = await Promise.allSettled([
      admitAsDialer(dialer, party('d', [key(1)], { admits: async peer => peer !== 'l' }), 'l'),
      admitAsListener(listener, party('l', [key(1)], { duplicate }), 'd'),
    ])
    const reason = expect.objectContaining({ code: 'ERR_UNREACHABLE' })
    expect(admitted).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ])
    expect(duplicates).toEqual(['ERR_DUPLICATE_IDENTITY'])
  })

  it('does not believe a verdict or an instance that was changed on the way', async () => {
    for (const at of [0, 16, 17]) {
      const { dialer, listener } = pair()
      const write = listener.write
      listener.write = async bytes => {
        const changed = Uint8Array.from(bytes)
        if (changed.length > 32) changed[at] = (changed[at] as number) ^ 1
        await write(changed)
      }
      admitAsListener(listener, party('l', [key(1)]), 'd').catch(() => {})
      await expect(admitAsDialer(dialer, party('d', [key(1)]), 'l')).rejects.toMatchObject({
        code: 'ERR_ADMISSION_REFUSED',
      })
    }
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
