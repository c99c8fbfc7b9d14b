import { beforeAll, describe, expect, it } from 'vitest'
import { guardFor } from './guard.ts'
import { ask, gateways, refusal, type Served, send } from './testing/gateway.ts'

const start = gateways()
let served: Served
let host: string

beforeAll(async () => {
  served = await start({}, { leave: () => {} })
  host = new URL(served.url).host
})

describe('a browser', () => {
  it.each([
    'http://evil.example',
    'https://127.0.0.1',
    'http://127.0.0.1:1',
    'null',
    '',
    'file://',
    'nonsense',
  ])('with a page of the origin %j is refused, whatever it asks for', async origin => {
    const headers = { origin }
    for (const [method, path] of [
      ['GET', '/v1/members'],
      ['PUT', '/v1/keys/k'],
      ['POST', '/v1/leave'],
      ['OPTIONS', '/v1/keys/k'],
      ['GET', '/nothing'],
    ] as const) {
      const answer = await ask(served.url, path, { method, headers })
      expect(refusal(answer)).toEqual([403, 'ERR_FORBIDDEN_ORIGIN'])
      expect(Object.keys(answer.headers).filter(name => name.startsWith('access-control'))).toEqual([])
    }
    expect((await ask(served.url, '/v1/keys/k')).status).toBe(404)
  })

  it('with a page of this gateway is served', async () => {
    const headers = { origin: served.url }
    expect((await ask(served.url, '/v1/members', { headers })).status).toBe(200)
  })

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', 'localhost.', '[::1'])(
    'that was led here by the name %s is refused',
    async name => {
      const answer = await ask(served.url, '/v1/members', { headers: { host: name } })
      expect(refusal(answer)).toEqual([403, 'ERR_FORBIDDEN_ORIGIN'])
    },
  )

  it.each(['localhost', 'LOCALHOST:80', '127.0.0.1', '[::1]:8080'])('may call it %s', async name => {
    expect((await ask(served.url, '/v1/members', { headers: { host: name } })).status).toBe(200)
  })

  it('cannot act with what is stored: that is sandboxed and of the type it has', async () => {
    const headers = { 'content-type': 'text/html' }
    await ask(served.url, '/v1/keys/page', { method: 'PUT', headers, body: '<script>' })
    expect((await ask(served.url, '/v1/keys/page')).headers).toMatchObject({
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
    })
  })
})

describe('a program', () => {
  it('of HTTP/1.0 needs no Host', async () => {
    expect(await send(served.url, 'GET /livez HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 /)
    expect(host).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('may call a gateway that is not on loopback by any name, a page by its own only', () => {
    const guard = guardFor({ host: '10.0.0.5', port: 80, name: '10.0.0.5' })
    const request = (headers: Record<string, string>) => guard({ headers, raw: {} } as never)?.code
    expect(request({ host: 'mesh.example' })).toBeUndefined()
    expect(request({ host: 'mesh.example', origin: 'https://mesh.example' })).toBeUndefined()
    expect(request({ host: 'mesh.example', origin: 'http://evil.example' })).toBe('ERR_FORBIDDEN_ORIGIN')
  })
})
