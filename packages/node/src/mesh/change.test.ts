import { describe, expect, it } from 'vitest'
import { readChange } from './change.ts'

describe('a change as programs and people write it', () => {
  it('may have durations and sizes as texts', () => {
    const change = {
      settings: { ttlMs: '5m', valueBytesMax: '1.5mb', timeoutMs: '250', leaseMs: '0s', replicas: 2 },
      namespaces: { users: { ttlMs: '1h', replicas: 1 }, gone: null },
    }
    expect(readChange(change)).toEqual({
      settings: { ttlMs: 300_000, valueBytesMax: 1_572_864, timeoutMs: 250, leaseMs: 0, replicas: 2 },
      namespaces: { users: { ttlMs: 3_600_000, replicas: 1 }, gone: null },
    })
  })

  it('keeps what it does not know, and what it cannot understand, as it is', () => {
    const change = {
      settings: { ttlMs: 'soon', replicas: 'many', later: '5m', ...JSON.parse('{"__proto__":"5m"}') },
      namespaces: { users: '5m' },
      stores: { db: { ttlMs: '5m' } },
      placements: { 7: { members: ['a'] } },
      other: 1,
    }
    expect(readChange(change)).toEqual(change)
    expect(readChange({ settings: [1] as never })).toEqual({ settings: [1] })
  })
})
