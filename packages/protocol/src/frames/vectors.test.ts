import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { errorCode, errorNumber } from '../errors.ts'
import { type CarriedEntry, packCarried, unpackCarried } from '../messages/carried.ts'
import type { Alteration, WriteOutcome } from './alter-bodies.ts'
import type { BatchAnswer } from './batch-bodies.ts'
import type { Frame } from './frame.ts'
import { FLAG, KIND, type Stamp } from './layout.ts'
import type { FillBody } from './load-bodies.ts'
import { FrameReader, SMALL_FRAME_MAX } from './reader.ts'
import { packSettled, unpackSettled } from './settled-body.ts'
import { FrameWriter } from './writer.ts'

interface FrameVector {
  readonly kind: keyof typeof KIND
  readonly stamp: Stamp
  readonly requestId: number
  readonly budgetMs?: number
  readonly key: string
  readonly hops: readonly string[]
  readonly failed: readonly string[]
  readonly value: string
  readonly contentType: string
  readonly ttlMs: number
  readonly version: number
  readonly forwarded: boolean
  readonly existed: boolean
  readonly absent: boolean
  readonly stale: boolean
  readonly claim: boolean
  readonly leaseMs: number
  readonly lapsed?: boolean
  readonly straight?: boolean
  readonly origin?: number
  readonly shown?: number
  readonly ids: readonly number[]
  readonly staleAfterMs: number
  readonly token: number
  readonly fill: FillBody['kind']
  readonly costMs: number
  readonly freshMs: number
  readonly holder: string
  readonly error: number
  readonly text: string
  readonly body: string
  readonly carried: Omit<CarriedEntry, 'value'> & { readonly value: string }
  readonly operation: Alteration['operation']
  readonly expected: number
  readonly by: string
  readonly initial?: string
  readonly tags: readonly number[]
  readonly outcome: WriteOutcome
  readonly count?: string
  readonly keys: readonly string[]
  readonly writes: readonly FrameVector[]
  readonly answers: readonly (FrameVector & { place: number; flags: number })[]
}

const vectors: readonly { readonly frame: FrameVector; readonly hex: string }[] = JSON.parse(
  readFileSync(new URL('../../vectors/frames.json', import.meta.url), 'utf8'),
)

const messages: readonly { readonly kind: keyof typeof KIND }[] = JSON.parse(
  readFileSync(new URL('../../vectors/messages.json', import.meta.url), 'utf8'),
)

// Written by a second implementation, in another language, and never again.
describe('frames version 1', () => {
  it.each(vectors.map((vector, number) => ({ number, kind: vector.frame.kind, vector })))(
    'writes and reads $kind, number $number',
    ({ vector: { frame, hex } }) => {
      const writer = new FrameWriter(frame.stamp)
      write(writer, frame)
      const bytes = writer.take() as Uint8Array
      expect(hexOf(bytes)).toBe(hex)
      const seen: unknown[] = []
      new FrameReader(SMALL_FRAME_MAX).push(bytes, read => seen.push(meaning(read)))
      expect(seen).toEqual([frame])
    },
  )

  it('is shown with every kind there is', () => {
    const shown = new Set(vectors.map(({ frame }) => frame.kind))
    // In messages.json, whose bodies they are.
    for (const { kind } of messages) shown.add(kind)
    expect([...shown].sort()).toEqual(Object.keys(KIND).sort())
  })
})

function write(writer: FrameWriter, frame: FrameVector): void {
  const { kind, requestId, budgetMs = 0, key, contentType, ttlMs } = frame
  const flags =
    (frame.forwarded ? FLAG.forwarded : 0) | (frame.absent ? FLAG.absent : 0) | (frame.stale ? FLAG.stale : 0)
  const entry = () => ({ value: bytesOf(frame.value), contentType, ttlMs })
  if (kind === 'get') writer.get(requestId, budgetMs, key, frame)
  else if (kind === 'set') writer.set(requestId, budgetMs, key, frame, entry())
  else if (kind === 'delete') writer.delete(requestId, budgetMs, key, frame)
  else if (kind === 'invalidate') writer.invalidate(requestId, budgetMs, key, frame.version)
  else if (kind === 'hit')
    writer.hit(
      requestId,
      frame.version,
      entry(),
      frame.leaseMs ? FLAG.copied : flags,
      frame.leaseMs ?? frame.shown,
    )
  else if (kind === 'miss') writer.miss(requestId, flags, frame.shown)
  else if (kind === 'settled') writer.message(KIND.settled, requestId, packSettled(frame.ids))
  else if (kind === 'done') writer.done(requestId, frame.version, frame.existed, flags)
  else if (kind === 'error') writer.error(requestId, errorCode(frame.error), frame.text)
  else if (kind === 'load') writer.load(requestId, budgetMs, key, frame, frame)
  else if (kind === 'fill')
    writer.fill(requestId, budgetMs, key, frame, { ...frame, kind: frame.fill, entry: entry() })
  else if (kind === 'release')
    writer.release(requestId, budgetMs, key, frame, {
      ...frame,
      code: errorCode(frame.error),
      message: frame.text,
    })
  else if (kind === 'lease')
    writer.lease(requestId, frame, frame.stale ? { ...entry(), version: frame.version } : undefined, flags)
  else if (kind === 'waiting') writer.waiting(requestId)
  else if (kind === 'alter')
    writer.alter(requestId, budgetMs, key, frame, {
      ...frame,
      by: BigInt(frame.by),
      initial: frame.initial === undefined ? undefined : BigInt(frame.initial),
      entry: entry(),
    })
  else if (kind === 'altered')
    writer.altered(
      requestId,
      { ...frame, count: frame.count === undefined ? undefined : BigInt(frame.count) },
      flags | (frame.existed ? FLAG.existed : 0),
    )
  else if (kind === 'getMany') writer.getMany(requestId, budgetMs, frame.keys)
  else if (kind === 'deleteMany') writer.deleteMany(requestId, budgetMs, frame.keys)
  else if (kind === 'setMany')
    writer.setMany(
      requestId,
      budgetMs,
      frame.writes.map(({ key, tags, value, ...rest }) => ({
        key,
        tags,
        entry: { ...rest, value: bytesOf(value) },
      })),
    )
  else if (kind === 'look') writer.replicate(requestId, budgetMs, key, frame)
  else if (kind === 'replicate') writer.replicate(requestId, budgetMs, key, frame, carried(frame))
  else if (kind === 'held') writer.message(KIND.held, requestId, carried(frame))
  else if (kind === 'answers') writer.answers(requestId, frame.answers.map(answer), frame.leaseMs)
  else writer.message(KIND[kind], requestId, bytesOf(frame.body))
}

function answer({ value, error, text: message, ...said }: FrameVector['answers'][number]): BatchAnswer {
  const entry = value !== undefined && { entry: { ...said, value: bytesOf(value) } }
  return { ...said, ...entry, ...(error !== undefined && { code: errorCode(error), message }) } as BatchAnswer
}

function carried({ carried: entry }: FrameVector): Uint8Array {
  return packCarried({ ...entry, value: bytesOf(entry.value) })
}

function meaning(frame: Frame): unknown {
  const { serial, digestPrefix, clock, requestId, budgetMs, forwarded } = frame
  const kind = Object.entries(KIND).find(([, number]) => number === frame.kind)?.[0]
  const said = { kind, stamp: { serial, digestPrefix, clock }, requestId }
  const entry = () => {
    const { value, contentType, ttlMs } = frame.entry()
    return { value: hexOf(value), contentType, ttlMs }
  }
  switch (frame.kind) {
    case KIND.get:
      return {
        ...said,
        budgetMs,
        ...frame.target(),
        ...(frame.leaseMs > 0 && { lapsed: true }),
        ...way(frame),
      }
    case KIND.delete:
    case KIND.look:
      return { ...said, budgetMs, ...frame.target() }
    case KIND.invalidate: {
      const { key } = frame.target()
      return { ...said, budgetMs, key, version: frame.version() }
    }
    case KIND.replicate: {
      const target = frame.target()
      const entry = unpackCarried(frame.carried())
      return { ...said, budgetMs, ...target, carried: { ...entry, value: hexOf(entry.value) } }
    }
    case KIND.held: {
      const entry = unpackCarried(frame.carried())
      return { ...said, carried: { ...entry, value: hexOf(entry.value) } }
    }
    case KIND.set:
      return { ...said, budgetMs, ...frame.target(), ...entry() }
    case KIND.load:
      return { ...said, budgetMs, ...frame.target(), ...frame.wish() }
    case KIND.fill: {
      const target = frame.target()
      const { kind: fill, entry: filled, ...rest } = frame.fill()
      return { ...said, budgetMs, ...target, fill, ...rest, ...filled, value: hexOf(filled.value) }
    }
    case KIND.release: {
      const target = frame.target()
      const { token, code, message } = frame.release()
      return { ...said, budgetMs, ...target, token, error: errorNumber(code), text: message }
    }
    case KIND.lease: {
      const { stale } = frame
      const lease = frame.lease()
      return { ...said, forwarded, stale, ...lease, ...(stale && { version: frame.version(), ...entry() }) }
    }
    case KIND.waiting:
      return said
    case KIND.alter: {
      const target = frame.target()
      const { by, initial, entry: altered, ...rest } = frame.alteration()
      const numbers = { by: String(by), ...(initial !== undefined && { initial: String(initial) }) }
      return { ...said, budgetMs, ...target, ...rest, ...numbers, ...altered, value: hexOf(altered.value) }
    }
    case KIND.altered: {
      const { count, ...rest } = frame.altered()
      const counted = count !== undefined && { count: String(count) }
      return { ...said, forwarded, existed: frame.existed, ...rest, ...counted }
    }
    case KIND.getMany:
    case KIND.deleteMany:
      return { ...said, budgetMs, keys: frame.keys() }
    case KIND.setMany: {
      const writes = frame.writes().map(({ key, tags, entry: { value, ...rest } }) => {
        return { key, tags, value: hexOf(value), ...rest }
      })
      return { ...said, budgetMs, writes }
    }
    case KIND.answers: {
      const answers: unknown[] = []
      frame.answers(place => {
        const { flags } = frame
        if (frame.kind === KIND.hit)
          answers.push({ place, flags, kind: 'hit', version: frame.version(), ...entry() })
        else if (frame.kind === KIND.done)
          answers.push({ place, flags, kind: 'done', version: frame.version() })
        else if (frame.kind === KIND.miss) answers.push({ place, flags, kind: 'miss' })
        else {
          const { number, message } = frame.error()
          answers.push({ place, flags, kind: 'error', error: number, text: message })
        }
      })
      return { ...said, ...(budgetMs > 0 && { leaseMs: budgetMs }), answers }
    }
    case KIND.hit:
      return {
        ...{ ...said, forwarded, ...(frame.stale && { stale: true }) },
        ...(frame.leaseMs > 0 ? { leaseMs: frame.leaseMs } : budgetMs > 0 && { shown: budgetMs }),
        ...{ version: frame.version(), ...entry() },
      }
    case KIND.miss:
      return {
        ...{ ...said, forwarded, ...(frame.absent && { absent: true }) },
        ...(budgetMs > 0 && { shown: budgetMs }),
      }
    case KIND.settled:
      return { ...said, ids: unpackSettled(frame.rest()) }
    case KIND.done:
      return { ...said, forwarded, existed: frame.existed, version: frame.version() }
    case KIND.error: {
      const { number, message } = frame.error()
      return { ...said, error: number, text: message }
    }
    default:
      return { ...said, body: hexOf(frame.body()) }
  }
}

/** How a get may be answered. */
function way(frame: Frame): object {
  if ((frame.flags & FLAG.straight) === 0) return {}
  return { straight: true, ...(frame.restBytes > 0 && { origin: frame.origin() }) }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}
