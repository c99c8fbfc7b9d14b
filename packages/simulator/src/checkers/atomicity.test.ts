import { entryOf } from '@cachemesh/core'
import { hashKey } from '@cachemesh/protocol'
import { expect, it } from 'vitest'
import { EMPTY, holding, hostOf, memberOf } from '../testing/hosts.ts'
import type { Operation } from '../workload/operation.ts'
import { Atomicity } from './atomicity.ts'
import { Ownership } from './ownership.ts'

/** A counter and its owner. */
function counting() {
  const owner = hostOf(0, [], holding(EMPTY, memberOf('host-0'), memberOf('host-1')))
  const { placement, replication } = owner.core
  const key = ['a', 'b', 'c', 'd', 'e'].find(name => placement.owns(hashKey(name), name)) as string
  const target = { key, hash: hashKey(key) }
  const ownership = new Ownership()
  ownership.started(owner, 1)
  const checker = new Atomicity(ownership, [owner])
  let calls = 0
  /** What is said of an increment. */
  const counted = (count: number, version: number) => {
    const startedAt = 1_000 * ++calls
    const when = { startedAt, deadline: startedAt + 5_000, settledAt: startedAt + 10 }
    const which = { id: calls, kind: 'increment', host: 0, life: 1, sizeBytes: 0, attempt: 0 } as const
    const operation: Operation = { ...target, ...which, ...when, result: undefined }
    checker.asked(operation)
    operation.result = { kind: 'counted', count, version, certain: true }
    return checker.settled(operation)
  }
  const looked = (version: number) => {
    const value = { value: new Uint8Array(1), contentType: '', expiresAt: Number.POSITIVE_INFINITY }
    replication.take('host-1', target, { entry: entryOf(value, version), at: owner.instant(3_000) })
  }
  return { counted, looked }
}

it('finds an increment that counts on from what was there before', () => {
  const { counted } = counting()
  expect([counted(2, 10), counted(3, 20)]).toEqual([undefined, undefined])
  expect(counted(3, 30)).toContain('was counted to 3 by version 30, after 3 by 20')
})

it('begins anew when a look has brought the owner what was counted in its place (seed 2027 of 6)', () => {
  const { counted, looked } = counting()
  expect([counted(2, 10), counted(3, 20)]).toEqual([undefined, undefined])
  looked(25)
  expect(counted(2, 30)).toBeUndefined()
  expect(counted(2, 40)).toContain('was counted to 2 by version 40, after 2 by 30')
})
