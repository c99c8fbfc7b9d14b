import {
  type Alteration,
  alterationOf,
  CacheMeshError,
  decodeValue,
  type EntryBody,
  encodeValue,
  hashKey,
  OPERATIONS,
  type OperationName,
} from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Store } from '../store/store.ts'
import { codeOf } from '../testing/codes.ts'
import { alter, overwrite } from './alter.ts'

const AT = { now: 1, wall: 1_800_000_000_000, valueBytesMax: 1_000 }
const text = new TextEncoder()

function textEntry(value: string, ttlMs = 0): EntryBody {
  return { value: text.encode(value), contentType: 'text/plain', ttlMs }
}

function shownIn(store: Store, key = 'k', now = AT.now): string | undefined {
  const entry = store.read(key, now)
  return entry && new TextDecoder().decode(entry.value)
}

function tester() {
  const store = new Store(2 * 1024 * 1024)
  const run = (operation: OperationName, said: Parameters<typeof alterationOf>[1] = {}, now = AT.now) =>
    alter(store, { key: 'k', ...alterationOf(operation, said) }, { ...AT, now })
  return { store, run }
}

describe('a write that hangs on what is there', () => {
  it('adds only what is not there, and replaces only what is', () => {
    const { store, run } = tester()
    expect(run('replace', { entry: textEntry('a') })).toEqual({
      outcome: 'not-found',
      version: 0,
      existed: false,
    })
    const added = run('add', { entry: textEntry('b') })
    expect(added).toMatchObject({ outcome: 'stored', existed: false })
    expect(run('add', { entry: textEntry('c') })).toEqual({
      outcome: 'exists',
      version: added.version,
      existed: true,
    })
    expect(shownIn(store)).toBe('b')
    expect(run('replace', { entry: textEntry('d') })).toMatchObject({ outcome: 'stored', existed: true })
    expect(shownIn(store)).toBe('d')
  })

  it('compares versions: of two who read the same one, one wins and the other hears of it', () => {
    const { store, run } = tester()
    const { version } = run('set', { entry: textEntry('a') })
    const first = run('set', { entry: textEntry('b'), expected: version })
    expect(first.outcome).toBe('stored')
    expect(run('set', { entry: textEntry('c'), expected: version })).toMatchObject({
      outcome: 'conflict',
      version: first.version,
    })
    expect(run('delete', { expected: version }).outcome).toBe('conflict')
    expect(shownIn(store)).toBe('b')
    expect(run('delete', { expected: first.version }).outcome).toBe('stored')
    expect(run('set', { entry: textEntry('d'), expected: first.version }).outcome).toBe('not-found')
    expect(shownIn(store)).toBeUndefined()
  })

  it('grows bytes at either end, with the time to live and the tags that they had', () => {
    const { store, run } = tester()
    expect(run('append', { entry: textEntry('x') }).outcome).toBe('not-found')
    run('set', { entry: textEntry('b', 100), tags: [3] })
    run('append', { entry: textEntry('c') })
    run('prepend', { entry: textEntry('a') })
    expect(shownIn(store)).toBe('abc')
    expect(store.read('k', 1)).toMatchObject({ expiresAt: 101, contentType: 'text/plain', tags: [3] })
  })

  it('grows a structured text by a text, and nothing else that is structured', () => {
    const { store, run } = tester()
    run('set', { entry: { ...encodeValue('a'), ttlMs: 0 } })
    run('append', { entry: encodeValue('bc') })
    const entry = store.read('k', 1)
    expect(entry && decodeValue(entry.value, entry.contentType)).toBe('abc')
    expect(codeOf(() => run('append', { entry: textEntry('x') }))).toBe('ERR_WRONG_TYPE')
    expect(codeOf(() => run('append', { entry: encodeValue(1) }))).toBe('ERR_WRONG_TYPE')
    run('set', { entry: { ...encodeValue({ a: 1 }), ttlMs: 0 } })
    expect(codeOf(() => run('append', { entry: encodeValue('x') }))).toBe('ERR_WRONG_TYPE')
  })

  it('gives a new time to live, and the version that goes with it', () => {
    const { store, run } = tester()
    expect(run('touch', { entry: { ttlMs: 5 } }).outcome).toBe('not-found')
    const { version } = run('set', { entry: textEntry('a', 10) })
    const touched = run('get-and-touch', { entry: { ttlMs: 100 } })
    expect(touched.version).toBeGreaterThan(version)
    expect(touched.entry).toMatchObject({ expiresAt: 101, version: touched.version })
    expect(shownIn(store, 'k', 50)).toBe('a')
    run('touch')
    expect(store.read('k', 1)?.expiresAt).toBe(Number.POSITIVE_INFINITY)
  })

  it('leaves a marker behind a delete, whether there was anything or not', () => {
    const { store, run } = tester()
    expect(run('delete')).toMatchObject({ outcome: 'stored', existed: false, entry: { deleted: true } })
    run('set', { entry: textEntry('a') })
    const { existed, version } = run('delete')
    expect(existed).toBe(true)
    expect(store.latest('k')).toMatchObject({ deleted: true, version })
    expect(run('add', { entry: textEntry('b') }).version).toBeGreaterThan(version)
  })

  it('that does not fit what is there changes nothing', () => {
    const { store, run } = tester()
    run('set', { entry: textEntry('x'.repeat(999)) })
    expect(codeOf(() => run('append', { entry: textEntry('yy') }))).toBe('ERR_VALUE_TOO_LARGE')
    expect(codeOf(() => run('increment', { by: 1n }))).toBe('ERR_WRONG_TYPE')
    expect(shownIn(store)?.length).toBe(999)
    run('set', { entry: { value: Uint8Array.of(0xc0), contentType: '' } })
    expect(codeOf(() => run('append', { entry: textEntry('y') }))).toBe('ERR_WRONG_TYPE')
  })

  it('finds nothing in what has expired or was erased', () => {
    const { store, run } = tester()
    run('set', { entry: textEntry('a', 10) })
    expect(run('add', { entry: textEntry('b') }, 11).outcome).toBe('stored')
    store.erasures.namespace('default', store.clock.last)
    expect(run('replace', { entry: textEntry('c') }, 12).outcome).toBe('not-found')
    expect(run('add', { entry: textEntry('d') }, 12).outcome).toBe('stored')
    expect(shownIn(store)).toBe('d')
  })
})

describe('any sequence of writes', () => {
  interface Model {
    value: string
    version: number
  }

  /** What each operation does to a text, in the words of its name. */
  function modelled(
    model: Model | undefined,
    { operation, entry, expected }: Alteration,
  ): string | undefined | false {
    const given = new TextDecoder().decode(entry.value)
    if (operation === 'add') return model === undefined && given
    if (model === undefined && (expected !== 0 || !['set', 'delete'].includes(operation))) return false
    if (model !== undefined && expected !== 0 && expected !== model.version) return false
    if (operation === 'append') return `${model?.value}${given}`
    if (operation === 'prepend') return `${given}${model?.value}`
    if (operation === 'delete') return undefined
    return operation === 'touch' || operation === 'get-and-touch' ? model?.value : given
  }

  it('does what each of them says, with a greater version each time, or nothing at all', () => {
    const anyWrite = fc.record({
      operation: fc.constantFrom(...OPERATIONS.filter(name => !name.endsWith('crement'))),
      value: fc.string({ maxLength: 3 }),
      expect: fc.constantFrom('any', 'current', 'other'),
    })
    fc.assert(
      fc.property(fc.array(anyWrite, { maxLength: 40 }), writes => {
        const { store, run } = tester()
        let model: Model | undefined
        let greatest = 0
        for (const { operation, value, expect: expectation } of writes) {
          const current = model?.version ?? 77
          const expected = expectation === 'any' ? 0 : expectation === 'current' ? current : current + 1
          const said = { expected, entry: textEntry(value) }
          const wanted = modelled(model, alterationOf(operation, said))
          const { outcome, version } = run(operation, said)
          expect(outcome === 'stored').toBe(wanted !== false)
          if (wanted === false) {
            expect(version).toBe(model?.version ?? 0)
            continue
          }
          expect(version).toBeGreaterThan(greatest)
          greatest = version
          model = wanted === undefined ? undefined : { value: wanted, version }
          expect(shownIn(store)).toBe(wanted)
        }
      }),
    )
  })
})

describe('a write that hangs on nothing', () => {
  it('does what the operation set does', () => {
    const anyAct = fc.record({
      how: fc.constantFrom('set', 'delete', 'clear' as const),
      value: fc.string({ maxLength: 3 }),
      ttlMs: fc.constantFrom(0, 1, 5),
    })
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 30 }), acts => {
        const { store, run } = tester()
        const other = new Store(2 * 1024 * 1024)
        for (const [i, { how, value, ttlMs }] of acts.entries()) {
          const now = AT.now + i
          if (how === 'clear') {
            for (const each of [store, other]) each.erasures.namespace('default', each.clock.next(AT.wall))
          } else if (how === 'delete') {
            run('delete', {}, now)
            alter(other, { key: 'k', ...alterationOf('delete', {}) }, { ...AT, now })
          } else {
            const entry = textEntry(value, ttlMs)
            const request = { key: 'k', hash: hashKey('k'), entry }
            expect(overwrite(other, request, { ...AT, now })).toEqual(run('set', { entry }, now))
          }
          expect(other.latest('k')).toEqual(store.latest('k'))
          expect(shownIn(other, 'k', now)).toBe(shownIn(store, 'k', now))
        }
      }),
    )
  })
})

describe('a counter', () => {
  it('counts from its first number on, as text or as a structured value, and stays what it is', () => {
    for (const contentType of ['', 'text/plain; charset=utf-8']) {
      const { run } = tester()
      expect(run('increment', { by: 5n }).outcome).toBe('not-found')
      expect(run('increment', { by: 5n, initial: 2n, entry: { contentType } }).count).toBe(2n)
      expect(run('increment', { by: 5n, initial: 2n }).count).toBe(7n)
      const { count, entry } = run('decrement', { by: 3n })
      expect([count, entry?.contentType]).toEqual([4n, contentType])
    }
  })

  it('has 64 bits without a sign: it goes on from 0 above, and stops at 0 below', () => {
    const anyCount = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 100n))
    const anyType = fc.constantFrom('', 'application/octet-stream')
    fc.assert(
      fc.property(anyCount, anyCount, anyType, (initial, by, contentType) => {
        const { run } = tester()
        run('increment', { initial, entry: { contentType } })
        const up = (initial + by) % 2n ** 64n
        expect(run('increment', { by }).count).toBe(up)
        expect(run('decrement', { by: initial }).count).toBe(up < initial ? 0n : up - initial)
      }),
    )
  })

  it('is nothing but a whole number within these bounds', () => {
    for (const value of ['', 'x', '-1', '1.5', ' 1', '18446744073709551616', '111111111111111111111']) {
      const { run } = tester()
      run('set', { entry: textEntry(value) })
      expect(codeOf(() => run('increment', { by: 1n }))).toBe('ERR_WRONG_TYPE')
    }
    expect(() => alterationOf('increment', { by: -1n })).toThrow(CacheMeshError)
    expect(() => alterationOf('increment', { initial: 2n ** 64n })).toThrow(CacheMeshError)
  })
})
