import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ANNOUNCEMENT_BYTES_MAX } from './announcements.ts'
import { closeAll, open } from './testing/mesh.ts'
import { until } from './testing/until.ts'

afterEach(closeAll)

describe('a transport', () => {
  it('says which address is taken', async () => {
    const { transport } = await open()
    const port = /tcp\/(\d+)/.exec(transport.addresses[0]!)![1]
    await expect(open({ listen: ['127.0.0.1:0', `127.0.0.1:${port}`] })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })

  it('leaves no listener behind when one of its addresses is taken', async () => {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as { port: number }
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const busy = (taken.address() as { port: number }).port
    probe.close()
    await once(probe, 'close')
    await expect(open({ listen: [`127.0.0.1:${port}`, `127.0.0.1:${busy}`] })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
    })
    await open({ listen: [`127.0.0.1:${port}`] })
    taken.close()
  })

  it('refuses addresses and options that cannot be', async () => {
    await expect(open({ listen: ['192.0.2.77:0'] })).rejects.toMatchObject({ code: 'ERR_INVALID_ADDRESS' })
    await expect(open({ listen: ['name.invalid:0'] })).rejects.toMatchObject({ code: 'ERR_INVALID_ADDRESS' })
    await expect(open({ listen: ['7400'] })).rejects.toMatchObject({ code: 'ERR_INVALID_ADDRESS' })
    await expect(open({ advertise: ['example.org:0'] })).rejects.toMatchObject({
      code: 'ERR_INVALID_ADDRESS',
    })
    await expect(open({ meshId: '' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    await expect(open({ keys: [new Uint8Array(31)] })).rejects.toMatchObject({ code: 'ERR_MESH_KEY' })
  })

  it('tells addresses that others can dial', async () => {
    const everywhere = await open({ listen: ['0.0.0.0:0'] })
    const { id, addresses } = everywhere.transport
    expect(addresses.length).toBeGreaterThan(0)
    for (const address of addresses) {
      expect(address).toMatch(new RegExp(`^/ip4/(?!0\\.0\\.0\\.0)[\\d.]+/tcp/[1-9]\\d*/p2p/${id}$`))
      await (await open()).transport.dial([address])
    }
    const named = await open({ advertise: ['cache.example.org:7400'] })
    expect(named.transport.addresses).toEqual([`/dns/cache.example.org/tcp/7400/p2p/${named.transport.id}`])
    expect((await open({ listen: [] })).transport.addresses).toEqual([])
  })

  it('works with any mesh id', async () => {
    const meshId = 'a/b ü%20\n?'
    const [a, b] = [await open({ meshId }), await open({ meshId })]
    await a.transport.dial(b.transport.addresses)
  })

  it('leaves nothing that keeps the process alive', async () => {
    const script = fileURLToPath(new URL('./testing/close-and-exit.ts', import.meta.url))
    const child = spawn(process.execPath, ['--conditions=@cachemesh/source', script], { stdio: 'pipe' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data))
    const [code] = await once(child, 'exit')
    expect({ code, output }).toEqual({ code: 0, output: '' })
  })
})

describe('announcements', () => {
  it('reach all nodes, through others too, each time they are made', async () => {
    const [a, b, c, d] = [await open(), await open(), await open(), await open()]
    await a.transport.dial(b.transport.addresses)
    await b.transport.dial(c.transport.addresses)
    await c.transport.dial(d.transport.addresses)
    let attempt = 0
    // A node hears announcements once gossip has settled on its links; nothing tells when.
    await vi.waitFor(
      () => {
        a.transport.announce(Buffer.from(`settled ${attempt++}`))
        expect(d.announcements).not.toEqual([])
      },
      { timeout: 15_000, interval: 200 },
    )
    for (let i = 0; i < 2; i++) a.transport.announce(Buffer.from('the same again'))
    for (const { announcements } of [b, c, d]) {
      await until(() => expect(announcements.filter(text => text === 'the same again')).toHaveLength(2))
    }
    expect(a.announcements).toEqual([])
  })

  it('are up to 16 KiB, and one that cannot go out is no error', async () => {
    const [a, b] = [await open(), await open()]
    a.transport.announce(Buffer.from('to nobody'))
    await a.transport.dial(b.transport.addresses)
    const largest = Buffer.alloc(ANNOUNCEMENT_BYTES_MAX, 'x')
    await vi.waitFor(
      () => {
        a.transport.announce(Buffer.alloc(ANNOUNCEMENT_BYTES_MAX + 1, 'y'))
        a.transport.announce(largest)
        expect(b.announcements).toContain(largest.toString())
      },
      { timeout: 15_000, interval: 200 },
    )
    expect(b.announcements.filter(text => text.includes('y'))).toEqual([])
    await a.transport.close()
    a.transport.announce(largest)
  })
})
