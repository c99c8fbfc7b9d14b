import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { applyDelta, type Delta, deltaTo, summaryOf } from '../configuration/delta.ts'
import { type DocumentVector, documentFrom, recordFrom } from '../configuration/testing/documents.ts'
import type { Version } from '../configuration/version.ts'
import { decodeMessage, encodeMessage, type Message } from './message.ts'
import { checkValue, decodeValue, encodeValue, STRUCTURED } from './values.ts'

interface DeltaVector extends Omit<Delta, 'records'> {
  readonly records: DocumentVector['records']
}
interface MessageVector {
  readonly kind: Message['kind']
  readonly number: number
  readonly message: { readonly version: Version; readonly buckets: readonly (readonly [number, string])[] }
  readonly base?: DocumentVector
  readonly target?: DocumentVector
  readonly hex: string
}
interface ValueVector {
  readonly value: unknown
  readonly hex: string
}

// Written by a second implementation, in another language, and never again.
describe('messages version 1', () => {
  it.each(read<MessageVector>('messages.json').map((vector, number) => ({ at: number, ...vector })))(
    'writes and reads $kind, number $at',
    vector => {
      const message = messageFrom(vector)
      const { kind, body } = encodeMessage(message)
      expect([kind, hexOf(body)]).toEqual([vector.number, vector.hex])
      expect(decodeMessage(kind, body)).toEqual(message)
    },
  )

  it.each(read<MessageVector>('messages.json').filter(vector => vector.base && vector.target))(
    'makes and applies the delta to $target.digest',
    vector => {
      const [base, target] = [documentFrom(vector.base!), documentFrom(vector.target!)]
      const message = messageFrom(vector)
      expect({ kind: 'delta', delta: deltaTo(target, summaryOf(base)) }).toEqual(message)
      expect(message.kind === 'delta' && applyDelta(base, message.delta).version).toEqual(target.version)
    },
  )
})

// Written by msgpackr 2.1.3: they hold later versions of it to the same bytes.
describe('values version 1', () => {
  it.each(read<ValueVector>('messages-values.json'))('writes and reads $hex', ({ value, hex }) => {
    const bytes = encodeValue(revive(value)).value
    expect(hexOf(bytes)).toBe(hex)
    checkValue(bytes, STRUCTURED)
    expect(hexOf(encodeValue(decodeValue(bytes, STRUCTURED)).value)).toBe(hex)
  })
})

function messageFrom({ kind, message }: MessageVector): Message {
  if (kind === 'goodbye') return { kind }
  if (kind === 'version') return { kind, version: message as unknown as Version }
  if (kind === 'delta') {
    const delta = message as unknown as DeltaVector
    return { kind, delta: { ...delta, records: delta.records.map(recordFrom) } }
  }
  if (kind !== 'pull') return { kind, ...(revive(message) as object) } as Message
  const { version, buckets } = message
  return { kind, version, summary: { digest: version.digest, buckets: new Map(buckets) } }
}

/** What JSON cannot say stands in an object of one property, `$` and a type. */
const TYPES: Readonly<Record<string, (of: never) => unknown>> = {
  $undefined: () => undefined,
  $number: (text: string) => Number(text),
  $bigint: (text: string) => BigInt(text),
  $date: (ms: number | null) => new Date(ms ?? Number.NaN),
  $bytes: (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex')),
  $buffer: (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex')).buffer,
  $float64: (numbers: number[]) => Float64Array.from(numbers),
  $error: ([name, message]: [string, string]) =>
    Object.assign(new (name === 'TypeError' ? TypeError : Error)(message, { cause: undefined }), { name }),
  $regexp: ([source, flags]: [string, string]) => new RegExp(source, flags),
  $map: (pairs: [unknown, unknown][]) => new Map(pairs.map(([key, item]) => [revive(key), revive(item)])),
  $set: (items: unknown[]) => new Set(items.map(revive)),
  $twice: (item: unknown) => {
    const shared = revive(item)
    return [shared, shared]
  },
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [name, of] = entries[0] ?? []
  const type = entries.length === 1 && name !== undefined ? TYPES[name] : undefined
  return type ? type(of as never) : Object.fromEntries(entries.map(([key, item]) => [key, revive(item)]))
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function read<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../vectors/${file}`, import.meta.url), 'utf8'))
}
