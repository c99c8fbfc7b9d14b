import { describe, expect, it } from 'vitest'
import { isLoopback, parseAddress, resolveAddress } from './address.ts'

const ID = '12D3KooWSZZoCPzTLkJBjrhtDdHLhXgb63uJFpZbYJwRQpz2GuPb'

describe('addresses', () => {
  it('are read in every usual form', () => {
    const forms: [string, string, number, string][] = [
      ['10.0.0.5:7400', '10.0.0.5', 7400, '/ip4/10.0.0.5/tcp/7400'],
      ['[::1]:0', '::1', 0, '/ip6/::1/tcp/0'],
      ['cache-1.example.org:65535', 'cache-1.example.org', 65535, '/dns/cache-1.example.org/tcp/65535'],
      ['localhost:7400', 'localhost', 7400, '/dns/localhost/tcp/7400'],
      ['/ip4/10.0.0.5/tcp/7400', '10.0.0.5', 7400, '/ip4/10.0.0.5/tcp/7400'],
      ['/ip6/2001:db8::1/tcp/1', '2001:db8::1', 1, '/ip6/2001:db8::1/tcp/1'],
      ['/dns4/cache.example.org/tcp/7400', 'cache.example.org', 7400, '/dns4/cache.example.org/tcp/7400'],
    ]
    for (const [text, host, port, multiaddr] of forms) {
      expect(parseAddress(text)).toEqual({ host, port, multiaddr, peer: undefined })
    }
    const withPeer = `/ip4/10.0.0.5/tcp/7400/p2p/${ID}`
    expect(parseAddress(withPeer)).toMatchObject({ peer: ID, multiaddr: withPeer })
  })

  it('are refused in any other form', () => {
    const wrong = [
      '',
      ':7400',
      '10.0.0.5',
      '10.0.0.5:',
      '10.0.0.5:65536',
      '10.0.0.5:x',
      '10.0.0.5:-1',
      '::1:7400',
      '[::1]',
      '[10.0.0.5]:1',
      '10.0.0:7400',
      '10.0.0.300:7400',
      'http://host:1',
      'ho st:1',
      '-a:1',
      'a..b:1',
      '/ip4/10.0.0.5',
      '/ip4/host/tcp/1',
      '/dns4/10.0.0.5/tcp/1',
      '/ip4/10.0.0.5/udp/1',
      '/ip4/10.0.0.5/tcp/1/ws',
      '/ip4/10.0.0.5/tcp/1/p2p/nobody',
      '/unix/tmp',
      `${'a'.repeat(300)}:1`,
      undefined,
      7400,
    ]
    for (const text of wrong) {
      expect(() => parseAddress(text as string), String(text)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }),
      )
    }
  })

  it('tell loopback from the rest', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].filter(isLoopback)).toHaveLength(4)
    expect(
      ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost', '::ffff:10.0.0.1'].filter(isLoopback),
    ).toEqual([])
  })

  it('resolve names and keep the rest', async () => {
    const [local] = await resolveAddress(parseAddress(`/dns4/localhost/tcp/7400/p2p/${ID}`))
    expect(local).toMatchObject({ host: '127.0.0.1', multiaddr: `/ip4/127.0.0.1/tcp/7400/p2p/${ID}` })
    const ip = parseAddress('10.0.0.5:7400')
    expect(await resolveAddress(ip)).toEqual([ip])
  })
})
