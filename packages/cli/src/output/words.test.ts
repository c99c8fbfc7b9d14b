import { describe, expect, it } from 'vitest'
import { table } from './table.ts'
import { bytes, hostPort, percent, shortId } from './words.ts'

describe('words for people', () => {
  it.each([
    ['/ip4/10.0.0.5/tcp/7400/p2p/12D3KooWA8mBGddr', '10.0.0.5:7400'],
    ['/ip6/::1/tcp/7400', '[::1]:7400'],
    ['/dns/cache.example/tcp/7400', 'cache.example:7400'],
    ['/unix/socket', '/unix/socket'],
  ])('the address %s is %s', (address, text) => expect(hostPort(address)).toBe(text))

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KB'],
    [113 * 1024, '113 KB'],
    [32 * 1024 ** 2, '32.0 MB'],
  ])('%d bytes are %s', (count, text) => expect(bytes(count)).toBe(text))

  it('shortens ids to the end that tells them apart', () => {
    expect(shortId('12D3KooWA8mBGddrGtLi6SsUd8GP2Zp8t8H6AU5Qw5KdpvL6bRJR')).toBe('…pvL6bRJR')
    expect(shortId('n1')).toBe('n1')
  })

  it('shows a share of all keys', () => expect(percent(1 / 3)).toBe('33.3 %'))
})

describe('a table', () => {
  it('aligns its columns and has no spaces at the ends of lines', () => {
    const text = table(
      [{ head: 'ID' }, { head: 'OWNS', right: true }, { head: 'API' }],
      [
        ['…a', '5.0 %', ''],
        ['…bcd', '95.0 %', 'http://a'],
      ],
    )
    expect(text).toBe(['ID      OWNS  API', '…a     5.0 %', '…bcd  95.0 %  http://a'].join('\n'))
  })
})
