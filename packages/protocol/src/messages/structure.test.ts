import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { checkStructure } from './structure.ts'

const malformed = expect.objectContaining({ code: 'ERR_MALFORMED_MESSAGE' })

// Each is a whole body in hex. They are what a decoder would allocate gigabytes for, overflow its stack on,
// or read differently from what was checked.
const NEITHER: Readonly<Record<string, string>> = {
  'no value at all': '',
  'two values': 'c0c0',
  'an array of 2^32 - 1 items': 'ddffffffff',
  'an array of 65,535 items': 'dcffff',
  'a text of 2^32 - 1 bytes': 'dbffffffff',
  'bytes of 2^32 - 1': 'c6ffffffff',
  'a short array that ends early': '9301',
  'a number that ends early': 'cf00000000',
  'a length that ends early': 'dd0000',
  'the type that is never used': 'c1',
  '100,000 arrays in one another': '91'.repeat(100_000),
  '100,000 arrays in one another, with an end': `${'91'.repeat(100_000)}c0`,
}

const NO_MESSAGE: Readonly<Record<string, string>> = {
  'an empty map': '80',
  'a map with __proto__': '81a95f5f70726f746f5f5f90',
  'a long map': 'de0000',
  'a date': 'd6ff00000000',
  'a record': 'd4724091a16101',
}

const NO_VALUE: Readonly<Record<string, string>> = {
  'a map of 2^32 - 1 pairs': 'dfffffffff',
  'a map with half a pair': '8101',
  'an extension of 2^32 - 1 bytes': 'c9ffffffff74',
  'an extension of an unknown type': 'd40500',
  'an extension that ends before its type': 'c70a',
  'bundled texts': 'd66200000000c0',
  'a record with a number of two bytes': 'd572400091a16101',
  'a record in a long extension': 'c701724091a16101',
  'a record without names': 'd4724001',
  'a record whose names are numbers': 'd47240910101',
  'a record whose names are a list of lists': 'd472409191a16101',
  'a record of 2^32 - 1 names': 'd47240ddffffffff',
  'a record with fewer fields than names': 'd4724092a161a16201',
  'a known shape with fewer fields than names': '92d4724092a161a162010240',
  'names by an id that there is not': 'd47240d670000000019101',
  'names by the id of something else': '92d669000000010ad47240d6700000000101',
  'names by the id of an array that is not at its end': 'd6690000000191d47240d6700000000101',
  'a reference to an object that there is not': 'd67000000001',
  'a reference by a number of another length': 'd470019101',
  'a Set of a number': 'd4730001',
  'a Set in a long extension': 'c701730090',
  'an error that is no list': 'd4650001',
  'an error with a number for a name': 'd465009301a161c0',
  'an error of no name: valueOf': 'd4650093a776616c75654f66a161c0',
  'a regular expression of one text': 'd4780091a161',
  'a typed array of no type': 'c70074',
  'a typed array of an unknown type': 'd4740b',
  'a Float64Array of a byte': 'd5740801',
  'a BigInt of no bytes': 'c70042',
  'a BigInt of 1,025 bytes': `c8040142${'01'.repeat(1025)}`,
  'a date of three bytes': 'c703ff000000',
  'undefined of two bytes': 'd5000000',
  '1,000 Sets in one another': `${'d4730091'.repeat(1000)}c0`,
  '1,000 objects referred to in one another': `${'d66900000001'.repeat(1000)}c0`,
}

describe('a message', () => {
  for (const [what, hex] of Object.entries({ ...NEITHER, ...NO_MESSAGE })) {
    it(`is not ${what}`, () => {
      expect(() => checkStructure(bytesOf(hex), 'message')).toThrow(malformed)
    })
  }

  it('holds no more values than a configuration needs, though each takes one byte only', () => {
    const bytes = new Uint8Array(2 ** 21 + 5).fill(0x90)
    bytes[0] = 0xdd
    new DataView(bytes.buffer).setUint32(1, bytes.length - 5)
    expect(() => checkStructure(bytes, 'message')).toThrow(malformed)
    expect(() => checkStructure(bytes, 'value')).not.toThrow()
  })
})

describe('a value', () => {
  for (const [what, hex] of Object.entries({ ...NEITHER, ...NO_VALUE })) {
    it(`is not ${what}`, () => {
      expect(() => checkStructure(bytesOf(hex), 'value')).toThrow(malformed)
    })
  }

  it('may be what a message may not', () => {
    for (const hex of Object.values(NO_MESSAGE)) checkStructure(bytesOf(hex), 'value')
  })

  it('may be nested as deep as the embedder may, whatever the encoder puts between', () => {
    // A Set that is referred to, in a Set that is referred to, …
    const level = 'd66900000001d4730091'
    checkStructure(bytesOf(`${level.repeat(LIMITS.depthMax)}c0`), 'value')
    expect(() => checkStructure(bytesOf(`${level.repeat(LIMITS.depthMax * 2)}c0`), 'value')).toThrow(
      malformed,
    )
  })

  it('may be a view into a larger buffer', () => {
    const chunk = bytesOf('ffffffcd0102ffff')
    checkStructure(chunk.subarray(3, 6), 'value')
  })
})

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
}
