import {
  author,
  Configuration,
  deltaTo,
  merge,
  registerRecord,
  summaryOf,
  tagSlot,
} from '@cachemesh/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Store } from '../store/store.ts'
import { Life, ofKind, WALL } from '../testing/life.ts'
import { MESH } from '../testing/members.ts'
import { Erasing } from './erasing.ts'

const NEVER = Number.POSITIVE_INFINITY

function write(life: Life, key: string, tags: readonly number[] = []): number {
  const entry = { value: new Uint8Array(1), contentType: '', expiresAt: NEVER, tags }
  return life.node.store.write(key, entry, { now: life.now, wall: WALL + life.now }).version
}

function erase(life: Life, namespace: string, slots?: readonly number[]) {
  const erasure = { namespace, ...(slots && { slots }) }
  return ofKind(life.step({ kind: 'operation', ask: 1, operation: { kind: 'erase', erasure } }), 'answer')
}

function documentOf(name: string, counter: number): Configuration {
  const record = registerRecord({ name: `erasures/${name}`, counter, json: 'true' })
  return author(Configuration.empty(MESH), [record], 1)
}

function tell(life: Life, configuration: Configuration): void {
  life.hear('peer', { kind: 'delta', delta: deltaTo(configuration, summaryOf(life.node.configuration)) })
}

function begun(options = {}): Life {
  const life = new Life(options)
  life.start()
  return life
}

describe('a namespace that is cleared', () => {
  it('shows nothing that was written before, at once, and everything written afterwards', () => {
    const life = begun()
    for (const key of ['a', '\0n\0a', '\0n\0b']) write(life, key)
    expect(erase(life, 'n')[0]?.answer.kind).toBe('done')
    const { store } = life.node
    expect(['a', '\0n\0a', '\0n\0b'].map(key => store.read(key, 1) !== undefined)).toEqual([
      true,
      false,
      false,
    ])
    write(life, '\0n\0a')
    expect(store.read('\0n\0a', 1)).toBeDefined()
    erase(life, 'default')
    expect(store.read('a', 1)).toBeUndefined()
  })

  it('is cleared at a node that was cut off, or joins later, too', () => {
    const one = begun()
    const other = begun({ id: 'other' })
    write(other, '\0n\0a')
    one.pass(5)
    erase(one, 'n')
    other.step({ kind: 'link-up', peer: 'me' })
    tell(other, one.node.configuration)
    expect(other.node.store.read('\0n\0a', 1)).toBeUndefined()
    write(other, '\0n\0a')
    expect(other.node.store.read('\0n\0a', 1)).toBeDefined()
  })

  it('stays cleared when the configuration is replaced as a whole', () => {
    const life = begun()
    erase(life, 'n')
    const before = life.node.configuration.register('erasures/n')
    life.step({ kind: 'operation', ask: 2, operation: { kind: 'update', change: {}, whole: true } })
    expect(life.node.configuration.register('erasures/n')).toEqual(before)
  })
})

describe('entries of a tag', () => {
  it('are deleted together, and those of others stay', () => {
    const life = begun()
    const [red, blue] = [tagSlot('default', 'red'), tagSlot('default', 'blue')]
    write(life, 'a', [red])
    write(life, 'b', [blue])
    write(life, 'c', [red, blue])
    write(life, 'd')
    erase(life, 'default', [red])
    const { store } = life.node
    expect(['a', 'b', 'c', 'd'].filter(key => store.read(key, 1) !== undefined)).toEqual(['b', 'd'])
    write(life, 'a', [red])
    expect(store.read('a', 1)).toBeDefined()
  })

  it('have slots of their own in each namespace', () => {
    expect(tagSlot('a', 'red')).not.toBe(tagSlot('b', 'red'))
    expect(erase(begun(), 'default', [-1])[0]?.answer.kind).toBe('refused')
  })
})

describe('what was erased', () => {
  it('is the greatest of all that was said, in whatever order it was heard', () => {
    const anyErasures = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', '~1', '~7'), fc.integer({ min: 1, max: 99 })),
    )
    fc.assert(
      fc.property(anyErasures, said => {
        const documents = said.map(([name, counter]) => documentOf(name, counter))
        const joined = (all: readonly Configuration[]) =>
          all.reduce((sum, document) => merge(sum, document), Configuration.empty(MESH))
        expect(joined(documents.toReversed()).version.digest).toBe(joined(documents).version.digest)
        for (const [name, counter] of said) {
          expect(joined(documents).register(`erasures/${name}`)?.counter).toBeGreaterThanOrEqual(counter)
        }
      }),
    )
  })

  it('in the future, by a wrong clock, is what is there when that is heard', () => {
    const store = new Store(2 * 1024 * 1024)
    const at = { now: 1, wall: WALL }
    const entry = { value: new Uint8Array(1), contentType: '', expiresAt: NEVER }
    store.write('a', entry, at)
    const year = store.clock.current(WALL + 365 * 86_400_000)
    const document = documentOf('default', year)
    const erasing = new Erasing()
    erasing.follow(store, document, WALL)
    expect(store.read('a', 1)).toBeUndefined()
    store.write('a', entry, at)
    erasing.follow(store, document, WALL + 1)
    expect(store.read('a', 1)).toBeDefined()
    const life = begun()
    tell(life, document)
    erase(life, 'default')
    expect(life.node.configuration.register('erasures/default')?.counter).toBe(year + 1)
  })
})
