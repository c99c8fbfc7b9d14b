import { encodeMessage, type Message } from '@cachemesh/protocol'
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
      const { kind, body } = codec.encode(message)
      expect([kind, ...body]).toEqual([encodeMessage(message).kind, ...encodeMessage(message).body])
      expect(codec.decode(kind, body)).toEqual(message)
    }
  }
})

it('takes broken bytes for broken however often they come', () => {
  const codec = new Codec()
  for (let time = 0; time < 2; time++) expect(() => codec.decode(1, new Uint8Array([255]))).toThrow()
})
