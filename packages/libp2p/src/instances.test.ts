import { CacheMeshError } from '@cachemesh/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { createIdentity } from './identity.ts'
import { Instances } from './instances.ts'
import { closeAll, open } from './testing/mesh.ts'
import { until } from './testing/until.ts'

afterEach(closeAll)

const DUPLICATE = expect.objectContaining({
  code: 'ERR_DUPLICATE_IDENTITY',
  message: expect.stringContaining('--data-dir'),
})
const REFUSED = expect.objectContaining({ code: 'ERR_DUPLICATE_IDENTITY' })

describe('two transports with one identity', () => {
  it('never take each other’s place: the second is refused with the reason, and the first serves on', async () => {
    const identity = await createIdentity()
    const [first, second, third] = [await open({ identity }), await open({ identity }), await open()]
    await first.transport.dial(third.transport.addresses)
    await until(() => expect(third.ups).toHaveLength(1))
    for (let i = 0; i < 10; i++) {
      await expect(second.transport.dial(third.transport.addresses)).rejects.toEqual(DUPLICATE)
    }
    // It asked once, and not again for some seconds.
    expect(third.refused).toEqual([REFUSED])
    expect(second.duplicates).toEqual([DUPLICATE])
    expect([first.downs, third.downs, second.ups]).toEqual([[], [], []])
  })

  it('let the second in as soon as the first is gone', async () => {
    const identity = await createIdentity()
    const [first, second, third] = [await open({ identity }), await open({ identity }), await open()]
    await first.transport.dial(third.transport.addresses)
    await until(() => expect(third.ups).toHaveLength(1))
    await first.transport.close()
    await second.transport.dial(third.transport.addresses)
    await until(() => expect(third.ups).toHaveLength(2))
    expect(third.downs).toHaveLength(1)
    expect([third.refused, second.duplicates]).toEqual([[], []])
  })

  it('are told apart when the second is dialled: it learns why, and the dialer reports it', async () => {
    const identity = await createIdentity()
    const [first, second, third] = [await open({ identity }), await open({ identity }), await open()]
    await first.transport.dial(third.transport.addresses)
    await until(() => expect(third.ups).toHaveLength(1))
    const address = second.transport.addresses[0]!.replace(/\/p2p\/.*/, '')
    await expect(third.transport.dial([address])).rejects.toMatchObject({ code: 'ERR_UNREACHABLE' })
    await until(() => expect(second.duplicates).toEqual([DUPLICATE]))
    expect(third.refused).toEqual([REFUSED])
    expect(third.downs).toEqual([])
  })

  it('notice each other without a third', async () => {
    const identity = await createIdentity()
    const [first, second] = [await open({ identity }), await open({ identity })]
    const address = first.transport.addresses[0]!.replace(/\/p2p\/.*/, '')
    await expect(second.transport.dial([address])).rejects.toEqual(DUPLICATE)
    await until(() => expect(first.refused).toEqual([REFUSED]))
    expect(second.duplicates).toEqual([DUPLICATE])
    expect(first.duplicates).toEqual([])
  })

  it('do not both get in when they come at the same moment', async () => {
    const identity = await createIdentity()
    const [first, second, third] = [await open({ identity }), await open({ identity }), await open()]
    const dials = await Promise.allSettled(
      [first, second].map(({ transport }) => transport.dial(third.transport.addresses)),
    )
    expect(dials.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await until(() => expect(third.ups).toHaveLength(1))
    expect(third.downs).toEqual([])
  })
})

describe('instances', () => {
  const [one, other] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)]

  it('ends the connections of an instance that answers no more, before it admits the next', async () => {
    const dropped: string[] = []
    const instances = new Instances({ answers: async () => false, drop: peer => dropped.push(peer) })
    expect(await instances.admits('p', one)).toBe(true)
    instances.opened('p')
    expect(await instances.admits('p', one)).toBe(true)
    instances.opened('p')
    expect(dropped).toEqual([])
    expect(await instances.admits('p', other)).toBe(true)
    expect(dropped).toEqual(['p'])
  })

  it('waits for a connection that is being opened: that there is none yet does not make its process dead', async () => {
    const instances = new Instances({ answers: async () => true, drop: () => {} })
    await instances.admits('p', one)
    const second = instances.admits('p', other)
    instances.opened('p')
    expect(await second).toBe(false)
  })

  it('admits a process that was restarted while the connection of the one before was being opened', async () => {
    const dropped: string[] = []
    const instances = new Instances({ answers: async () => false, drop: peer => dropped.push(peer) })
    await instances.admits('p', one)
    expect(await instances.admits('p', other)).toBe(true)
    expect(dropped).toEqual(['p'])
  })

  it('admits one of two that come while the one before is asked', async () => {
    const dropped: string[] = []
    let answers = false
    const instances = new Instances({ answers: async () => answers, drop: peer => dropped.push(peer) })
    await instances.admits('p', new Uint8Array(16))
    instances.opened('p')
    const first = instances.admits('p', one).then(admitted => {
      answers = true
      instances.opened('p')
      return admitted
    })
    expect(await Promise.all([first, instances.admits('p', other)])).toEqual([true, false])
    expect(dropped).toEqual(['p'])
  })

  it('keeps dials back while this process is refused itself, until it is accepted', () => {
    const instances = new Instances({ answers: async () => true, drop: () => {} })
    const reason = new CacheMeshError('ERR_DUPLICATE_IDENTITY', 'there is another')
    instances.ask()
    instances.refused(reason)
    expect(() => instances.ask()).toThrow(reason)
    instances.accepted()
    instances.ask()
  })

  it('forgets a peer with its last connection', async () => {
    const instances = new Instances({ answers: async () => true, drop: () => {} })
    await instances.admits('p', one)
    instances.opened('p')
    expect(await instances.admits('p', other)).toBe(false)
    instances.closed('p')
    expect(await instances.admits('p', other)).toBe(true)
  })
})
