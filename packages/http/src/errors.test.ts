import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { CacheMeshError, ERRORS } from '@cachemesh/protocol'
import { beforeAll, describe, expect, it } from 'vitest'
import { answerBrokenRequest, asCacheMeshError } from './errors.ts'
import { type Ask, ask, gateways, keyOf, refusal, type Served, send } from './testing/gateway.ts'

const start = gateways()
let served: Served

beforeAll(async () => {
  served = await start()
})

const LONG = 'x'.repeat(4097)
const put = (headers: Record<string, string> = {}): Ask => ({ method: 'PUT', headers, body: 'x' })

describe('a request that cannot be', () => {
  it.each<[string, Ask, number, string]>([
    ['/', {}, 404, 'ERR_NOT_FOUND'],
    ['/v1', {}, 404, 'ERR_NOT_FOUND'],
    ['/v1/keys', {}, 404, 'ERR_NOT_FOUND'],
    ['/v1/members/', {}, 404, 'ERR_NOT_FOUND'],
    ['/v1/nothing?x', put({ 'content-type': 'application/json' }), 404, 'ERR_NOT_FOUND'],
    ['/v1/keys/missing', {}, 404, 'ERR_NOT_FOUND'],
    ['/v1/leave', { method: 'POST' }, 404, 'ERR_NOT_FOUND'],
    ['/v1/leave', {}, 405, 'ERR_METHOD_NOT_ALLOWED'],
    ['/v1/members', { method: 'DELETE' }, 405, 'ERR_METHOD_NOT_ALLOWED'],
    ['/v1/keys/a/b', { method: 'POST' }, 400, 'ERR_INVALID_ARGUMENT'],
    ['/v1/keys/a', { method: 'PATCH' }, 405, 'ERR_METHOD_NOT_ALLOWED'],
    ['/v1/route/a', put({ 'content-type': 'no type' }), 405, 'ERR_METHOD_NOT_ALLOWED'],
    ['/v1/keys/', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/keys/users/', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/keys/a/b/c', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/keys/%', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/keys/%zz', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/keys/%ff', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/keys/%ED%A0%80', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/keys/a#b', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/%6Beys/a/v1/keys/b', {}, 400, 'ERR_INVALID_KEY'],
    [`/v1/keys/${LONG}`, {}, 400, 'ERR_INVALID_KEY'],
    [`/v1/keys/${LONG}`, put(), 400, 'ERR_INVALID_KEY'],
    ['/v1/route/a/b/c', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/route/', {}, 400, 'ERR_INVALID_KEY'],
    ['/v1/keys//k', {}, 400, 'ERR_INVALID_NAMESPACE'],
    ['/v1/keys/no%20name/k', put(), 400, 'ERR_INVALID_NAMESPACE'],
    ['/v1/keys/k?ttl=NaN', put(), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k?ttl=-1', put(), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k?ttl=0', put(), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k?ttl=', put(), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k?ttl=1e3', put(), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k?ttl=100000d', put(), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k?ttl=5m&ttl=6m', put(), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k?ttl=5m', put({ 'cachemesh-ttl': '5m' }), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k', put({ 'cachemesh-ttl': 'soon' }), 400, 'ERR_INVALID_TTL'],
    ['/v1/keys/k?tll=5m', put(), 400, 'ERR_INVALID_ARGUMENT'],
    ['/v1/keys/k?ttl=5m', {}, 400, 'ERR_INVALID_ARGUMENT'],
    ['/v1/keys/k', put({ 'content-type': 'no type' }), 400, 'ERR_INVALID_ARGUMENT'],
    ['/v1/keys/k', put({ 'content-type': `text/${'x'.repeat(300)}` }), 400, 'ERR_INVALID_ARGUMENT'],
    ['/v1/keys/k', put({ 'content-encoding': 'gzip' }), 400, 'ERR_INVALID_ARGUMENT'],
    ['/v1/keys/k', put({ 'if-none-match': '"1"' }), 400, 'ERR_INVALID_ARGUMENT'],
    ['/v1/keys/k', { method: 'DELETE', headers: { 'if-match': '"1"' } }, 412, 'ERR_VERSION_CONFLICT'],
    ['/livez%', {}, 400, 'ERR_INVALID_ARGUMENT'],
  ])('%.60s %j is %d %s', async (path, options, status, code) => {
    expect(refusal(await ask(served.url, path, options))).toEqual([status, code])
    expect((await ask(served.url, '/v1/keys/k')).status).toBe(404)
  })

  it('says which methods there are', async () => {
    const { headers } = await ask(served.url, '/v1/keys/a', { method: 'PATCH' })
    expect(headers.allow).toBe('GET, HEAD, PUT, POST, DELETE')
  })

  it.each([
    ['application/json', '{ "a":', 400, 'ERR_INVALID_ARGUMENT'],
    ['application/json', `"${'x'.repeat(20_000)}"`, 413, 'ERR_VALUE_TOO_LARGE'],
    ['text/csv', 'a,b', 400, 'ERR_INVALID_ARGUMENT'],
  ])('has a body of %s that is not wanted', async (contentType, body, status, code) => {
    const answer = await ask(served.url, '/v1/leave', {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    })
    expect(refusal(answer)).toEqual([status, code])
  })

  it.each([
    ['is no HTTP', 'HELLO\r\n\r\n'],
    ['has an unknown method', 'FETCH /livez HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['has no Host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['has an endless header', `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`],
    [
      'has a path of other bytes',
      'GET /v1/keys/\xe9 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    ],
    ['is two in one', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    const [head = '', body = ''] = (await send(served.url, bytes)).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1.1 400 /)
    expect(head).toMatch(/content-type: application\/json/i)
    expect(refusal({ status: 400, body })[1]).toMatch(/^ERR_INVALID_(ARGUMENT|KEY)$/)
  })

  it('comes too slowly', async () => {
    const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    const server = createServer(socket => answerBrokenRequest(late, socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const [head = '', body = ''] = (await send(`http://127.0.0.1:${port}`, 'GET')).split('\r\n\r\n')
    server.close()
    expect(head).toMatch(/^HTTP\/1.1 408 /)
    expect(refusal({ status: 408, body })).toEqual([408, 'ERR_REQUEST_TIMEOUT'])
  })

  it('is cut off in its body, and stores nothing', async () => {
    const { hostname, port } = new URL(served.url)
    const socket = connect(Number(port), hostname)
    socket.end('PUT /v1/keys/cut HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf')
    await new Promise(resolve => socket.resume().once('close', resolve))
    expect((await ask(served.url, '/v1/keys/cut')).status).toBe(404)
  })
})

it('a member that owns nothing stands in where nobody owns anything', async () => {
  const a = await start({ weight: 0 })
  expect((await ask(a.url, '/v1/keys/k')).status).toBe(404)
  expect((await ask(a.url, '/v1/keys/k', put())).status).toBe(204)
  expect((await ask(a.url, '/v1/keys/k')).body).toBe('x')
})

describe('a node that cannot answer', () => {
  it('is closed', async () => {
    const a = await start()
    const b = await start({ seeds: a.node.addresses })
    const key = keyOf(b.node)
    await a.node.close()
    expect(refusal(await ask(a.url, `/v1/keys/${key}`))).toEqual([503, 'ERR_CLOSED'])
  })

  it('has too little memory for a value', async () => {
    const a = await start({ memory: '1mb' })
    const body = 'x'.repeat(2 * 1024 * 1024)
    const answer = await ask(a.url, '/v1/keys/k', { method: 'PUT', body })
    expect(refusal(answer)).toEqual([413, 'ERR_VALUE_TOO_LARGE'])
  })
})

describe('an error', () => {
  it('is itself by its code, whatever its class', () => {
    for (const code of Object.keys(ERRORS)) {
      expect(asCacheMeshError(Object.assign(new Error('x'), { code })).code).toBe(code)
    }
    const own = new CacheMeshError('ERR_TIMEOUT', 'x')
    expect(asCacheMeshError(own)).toBe(own)
  })

  it('that nobody expected is internal', () => {
    for (const cause of [new TypeError('x'), { code: 'toString' }, undefined, 'text']) {
      expect(asCacheMeshError(cause).code).toBe('ERR_INTERNAL')
    }
  })
})
