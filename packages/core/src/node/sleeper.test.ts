import type { Message } from '@cachemesh/protocol'
import { describe, expect, it } from 'vitest'
import { ofKind } from '../testing/life.ts'
import { Lives } from '../testing/lives.ts'
import type { Output } from './output.ts'

const CHANGES = 10_000
const NAMES = 100

describe('a node that slept through ten thousand changes', () => {
  it('catches up in one exchange', () => {
    const mesh = new Lives(['a', 'b'])
    mesh.cut(['a'], ['b'])
    const [a, b] = [mesh.of('a'), mesh.of('b')]
    for (let ask = 1; ask <= CHANGES; ask++) {
      const change = { namespaces: { [`n${ask % NAMES}`]: { ttlMs: ask } } }
      a.step({ kind: 'operation', ask, operation: { kind: 'update', change } })
    }
    const { version } = a.node.configuration
    expect(version.serial).toBeGreaterThan(CHANGES)
    const said = (kind: string, outputs: readonly Output[]) =>
      ofKind(outputs, 'send').find(({ message }) => message.kind === kind)?.message as Message
    const pull = said('pull', b.step({ kind: 'link-up', peer: 'a' }))
    a.step({ kind: 'link-up', peer: 'b' })
    b.hear('a', said('delta', a.hear('b', pull)))
    expect(b.node.configuration.version).toEqual(version)
  })
})
