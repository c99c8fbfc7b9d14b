import { encodeMessage, KIND, type Message } from '@cachemesh/protocol'
import { expect, it } from 'vitest'
import { Codec } from './codec.ts'

const MESSAGES: Message[] = [
  { kind: 'goodbye' },
  { kind: 'beat', seq: 1, echo: 0, urgent: false },
  { kind: 'beat', seq: 1, echo: 0, urgent: true },
  { kind: 'beat', seq: 10, echo: 11, urgent: false },
  { kind: 'check', member: 'a' },
  { kind: 'checked', member: 'a', reached: true },
  { kind: 'accusation', accuser: 'a', round: 1, charges: [] },
  {
    kind: 'accusation',
    accuser: 'a',
    round: 1,
    charges: [],
    others: [{ accuser: 'b', round: 2, charges: [] }],
  },
]

it('says what the codec of the protocol says, the second time too', () => {
  const codec = new Codec()
  for (let time = 0; time < 2; time++) {
    for (const message of MESSAGES) {
      const said = codec.encode(message)
      const { kind, body } = said
      const encoded = encodeMessage(message)
      expect([kind, body.length]).toEqual([encoded.kind, encoded.body.length])
      if (message.kind !== 'beat') expect([...body]).toEqual([...encoded.body])
      expect(codec.decode(said)).toEqual(message)
    }
  }
})

it('knows the size of every beat', () => {
  const codec = new Codec()
  const numbers = [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 40]
  for (const seq of numbers)
    for (const echo of numbers)
      for (const load of [undefined, ...numbers]) {
        const beat = { kind: 'beat', seq, echo, urgent: false, ...(load !== undefined && { load }) } as const
        const said = codec.encode(beat)
        expect(said.body.length).toBe(encodeMessage(beat).body.length)
        expect(codec.decode(said)).toEqual(beat)
      }
})

it('reads equal bytes once, whoever sends them', () => {
  const codec = new Codec()
  const [one, other] = [0, 1].map(() => codec.encode({ kind: 'check', member: 'a' }))
  expect(other).not.toBe(one)
  expect(codec.decode(other!)).toBe(codec.decode(one!))
})

it('takes broken bytes for broken however often they come', () => {
  const codec = new Codec()
  const broken = { kind: KIND.version, body: new Uint8Array([255]), hash: 1, message: undefined }
  for (let time = 0; time < 2; time++) expect(() => codec.decode(broken)).toThrow()
})
