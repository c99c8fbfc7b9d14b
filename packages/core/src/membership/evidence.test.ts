import { describe, expect, it } from 'vitest'
import { TIMES } from '../limits/limits.ts'
import { Lives } from '../testing/lives.ts'
import { Evidence } from './evidence.ts'

describe('evidence', () => {
  it('is ten failures in a row over three seconds, and nothing less', () => {
    const evidence = new Evidence()
    for (let i = 0; i < 100; i++) evidence.failed('p', i)
    expect(evidence.against('p', 100)).toBe(false)
    evidence.failed('p', 3_000)
    expect(evidence.against('p', 3_000)).toBe(true)
    evidence.answered('p')
    expect(evidence.against('p', 3_000)).toBe(false)
    for (let i = 0; i < 9; i++) evidence.failed('p', i * 1_000)
    expect(evidence.against('p', 8_000)).toBe(false)
  })

  it('is forgotten when nobody asks any more', () => {
    const evidence = new Evidence()
    for (let i = 0; i <= 20; i++) evidence.failed('p', i * 200)
    expect(evidence.against('p', 4_000)).toBe(true)
    expect(evidence.against('p', 14_001)).toBe(false)
    evidence.failed('p', 14_002)
    expect(evidence.against('p', 14_002)).toBe(false)
  })
})

describe('a member that answers beats and no requests', () => {
  /** So many of the others get no answer from d, for a while. */
  function failing(mesh: Lives, askers: readonly string[], ms: number): void {
    for (let passed = 0; passed < ms; passed += 200) {
      for (const id of askers) mesh.of(id).node.unanswered('d', mesh.of(id).now)
      mesh.pass(200)
    }
  }
  const state = (mesh: Lives, of: string) => mesh.of(of).node.configuration.member('d')?.state

  it('gives its keys to others when enough observers say so, and tries again later', () => {
    const mesh = new Lives(['a', 'b', 'c', 'd'])
    mesh.pass(2_000)
    failing(mesh, ['a', 'b', 'c'], 4_000)
    expect(['a', 'b', 'c', 'd'].map(id => state(mesh, id))).toEqual([
      'joining',
      'joining',
      'joining',
      'joining',
    ])
    mesh.pass(TIMES.stepBackMs + 1_000)
    expect(['a', 'b', 'c', 'd'].map(id => state(mesh, id))).toEqual(['active', 'active', 'active', 'active'])
  })

  it('stays what it is on the word of one', () => {
    const mesh = new Lives(['a', 'b', 'c', 'd'])
    mesh.pass(2_000)
    failing(mesh, ['a'], 20_000)
    expect(state(mesh, 'a')).toBe('active')
    expect(mesh.of('d').node.configuration.member('d')?.incarnation).toBe(1)
  })
})
