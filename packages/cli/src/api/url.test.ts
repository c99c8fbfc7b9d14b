import { describe, expect, it } from 'vitest'
import { apiUrl, keyPath } from './url.ts'

describe('the address of an API', () => {
  it.each([
    ['http://127.0.0.1:7480', 'http://127.0.0.1:7480'],
    ['http://127.0.0.1:7480/', 'http://127.0.0.1:7480'],
    ['127.0.0.1:7480', 'http://127.0.0.1:7480'],
    ['localhost:7480', 'http://localhost:7480'],
    ['[::1]:7480', 'http://[::1]:7480'],
    ['https://cache.example/mesh/', 'https://cache.example/mesh'],
  ])('%s is %s', (text, url) => expect(apiUrl(text)).toBe(url))

  it.each(['', 'http://', 'ftp://127.0.0.1', '127.0.0.1:port', 'http://127.0.0.1:99999'])(
    '%j is refused',
    text => expect(() => apiUrl(text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' })),
  )
})

describe('the path of a key', () => {
  it('carries every character of a key', () => {
    expect(keyPath('keys', 'default', 'a/b?c#d %é')).toBe('/v1/keys/default/a%2Fb%3Fc%23d%20%25%C3%A9')
  })

  it.each(['', '\ud800'])('refuses %j', key =>
    expect(() => keyPath('keys', 'default', key)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_KEY' }),
    ),
  )
})
