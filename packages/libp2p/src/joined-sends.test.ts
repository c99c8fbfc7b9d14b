import type { MessageStream } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import { joinSends } from './joined-sends.ts'
import { until } from './testing/until.ts'

const head = (type: number, flags: number, stream: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint8(1, type)
  view.setUint16(2, flags)
  view.setUint32(4, stream)
  view.setUint32(8, length)
  return bytes
}
const update = (stream: number, window: number, flags = 0) => head(1, flags, stream, window)
const list = (...pieces: Uint8Array[]) => ({
  byteLength: pieces.reduce((sum, piece) => sum + piece.length, 0),
  [Symbol.iterator]: () => pieces[Symbol.iterator](),
})

describe('joined sends', () => {
  it('send a small frame of several pieces as one, and a large one as it is', () => {
    const { connection, sent } = recorded()
    connection.send(list(head(0, 0, 1, 3), Uint8Array.of(1, 2, 3)) as never)
    expect(sent).toEqual(
      [Buffer.concat([head(0, 0, 1, 3), Uint8Array.of(1, 2, 3)])].map(b => new Uint8Array(b)),
    )
    const large = list(head(0, 0, 1, 40_000), new Uint8Array(40_000))
    connection.send(large as never)
    expect(sent[1]).toBe(large)
  })

  it('add window updates up for each stream, until an eighth of the window is due', async () => {
    const { connection, sent } = recorded()
    for (let i = 0; i < 127; i++) connection.send(update(1, 4096))
    connection.send(update(3, 524_287))
    connection.send(update(1, 4096))
    connection.send(update(3, 1))
    connection.send(update(1, 9))
    expect(sent).toEqual([])
    await until(() => expect(sent).toHaveLength(1))
    expect(sent[0]).toEqual(new Uint8Array(Buffer.concat([update(1, 524_288), update(3, 524_288)])))
  })

  it('send an update that is due with the next frame, ahead of it', () => {
    const { connection, sent } = recorded()
    for (const length of [10, 40_000]) {
      connection.send(update(1, 600_000))
      connection.send(new Uint8Array(length).fill(length))
    }
    expect(sent.map(({ byteLength }) => byteLength)).toEqual([22, 12, 40_000])
    expect((sent[0] as Uint8Array).subarray(0, 12)).toEqual(update(1, 600_000))
  })

  it('delay nothing that opens, ends or resets a stream, and no ping', () => {
    const { connection, sent } = recorded()
    const urgent = [
      update(1, 0, 1),
      update(1, 0, 2),
      update(1, 0, 4),
      update(1, 0, 8),
      head(2, 1, 0, 7),
      head(3, 0, 0, 0),
    ]
    for (const bytes of urgent) connection.send(bytes)
    expect(sent).toEqual(urgent)
  })

  it('say when the connection is full, and survive its end', async () => {
    const { connection, sent } = recorded()
    expect(connection.send(update(1, 1))).toBe(true)
    connection.writableNeedsDrain = true
    expect(connection.send(update(1, 1))).toBe(false)
    connection.send(update(1, 600_000))
    sent.push = () => {
      throw new Error('closed')
    }
    await new Promise(resolve => setImmediate(resolve))
  })
})

function recorded() {
  const sent: { byteLength: number }[] = []
  const connection = {
    writableNeedsDrain: false,
    send(data: Uint8Array) {
      sent.push(data)
      return true
    },
  } as unknown as MessageStream
  joinSends(connection)
  return { connection, sent }
}
