import { beforeAll, describe, expect, it } from 'vitest'
import { ask, gateways, refusal, type Served } from './testing/gateway.ts'

const start = gateways()
let a: Served
let b: Served

beforeAll(async () => {
  a = await start()
  b = await start({ seeds: a.node.addresses })
}, 30_000)

const path = (key: string, query = '') => `/v1/keys/ns/${encodeURIComponent(key)}${query}`
const write = (method: string, key: string, { query = '', body = '', headers = {} } = {}) =>
  ask(b.url, path(key, query), { method, body, headers })
const read = async (key: string) => (await ask(a.url, path(key))).body

describe('a conditional write', () => {
  it('stores where there is nothing, or something, or a certain version, and nowhere else', async () => {
    const absent = { 'if-none-match': '*' }
    expect(refusal(await write('PUT', 'k', { body: 'x', headers: { 'if-match': '*' } }))).toEqual([
      412,
      'ERR_VERSION_CONFLICT',
    ])
    const first = await write('PUT', 'k', { body: 'one', headers: absent })
    expect(first.status).toBe(204)
    expect((await write('PUT', 'k', { body: 'two', headers: absent })).status).toBe(412)
    const etag = String(first.headers.etag)
    const second = await write('PUT', 'k', { body: 'three', headers: { 'if-match': etag } })
    expect(second.status).toBe(204)
    expect((await write('PUT', 'k', { body: 'four', headers: { 'if-match': etag } })).status).toBe(412)
    expect(await read('k')).toBe('three')
    expect((await write('DELETE', 'k', { headers: { 'if-match': etag } })).status).toBe(412)
    const last = await write('DELETE', 'k', { headers: { 'if-match': String(second.headers.etag) } })
    expect([last.status, last.body]).toEqual([200, '{"deleted":true}'])
    expect((await write('DELETE', 'k', { headers: { 'if-match': etag } })).status).toBe(412)
  })

  it('takes the tag of either form of a structured value', async () => {
    await a.node.namespace('ns').set('json', { a: 1 })
    const { etag } = (await ask(a.url, path('json'))).headers
    expect(etag).toMatch(/-json"$/)
    expect((await write('PUT', 'json', { body: 'x', headers: { 'if-match': String(etag) } })).status).toBe(
      204,
    )
  })

  it.each([
    ['PUT', { 'if-match': '"1", "2"' }],
    ['PUT', { 'if-match': 'W/"1"' }],
    ['PUT', { 'if-none-match': '"1"' }],
    ['PUT', { 'if-match': '*', 'if-none-match': '*' }],
    ['DELETE', { 'if-match': '*' }],
    ['PUT', { 'if-unmodified-since': 'Sat, 21 Nov 2026 00:00:00 GMT' }],
  ])('of another kind is refused: %s %j', async (method, headers) => {
    expect(refusal(await write(method, 'odd', { body: 'x', headers }))).toEqual([400, 'ERR_INVALID_ARGUMENT'])
  })
})

describe('POST of a key', () => {
  it('counts, beyond what a JSON number holds', async () => {
    expect(refusal(await write('POST', 'n', { query: '?do=increment' }))).toEqual([404, 'ERR_NOT_FOUND'])
    const initial = '?do=increment&initial=18446744073709551614&ttl=1m'
    expect(JSON.parse((await write('POST', 'n', { query: initial })).body)).toEqual({
      count: '18446744073709551614',
    })
    const { body, headers } = await write('POST', 'n', { query: '?do=increment' })
    expect(body).toBe('{"count":"18446744073709551615"}')
    expect(headers.etag).toBe(`"${headers['cachemesh-version']}"`)
    expect((await write('POST', 'n', { query: '?do=decrement&by=18446744073709551615' })).body).toBe(
      '{"count":"0"}',
    )
    expect(Number((await ask(a.url, path('n'))).headers['cachemesh-ttl'])).toBeGreaterThan(50_000)
    await write('PUT', 'word', { body: 'x' })
    expect(refusal(await write('POST', 'word', { query: '?do=increment' }))).toEqual([409, 'ERR_WRONG_TYPE'])
    await write('PUT', 'digits', { body: '41' })
    await write('POST', 'digits', { query: '?do=increment' })
    expect(await read('digits')).toBe('42')
  })

  it('adds bytes at either end, and gives a new time to live', async () => {
    expect((await write('POST', 'log', { query: '?do=append', body: 'x' })).status).toBe(404)
    await write('PUT', 'log', { body: 'b' })
    expect((await write('POST', 'log', { query: '?do=append', body: 'c' })).status).toBe(204)
    expect((await write('POST', 'log', { query: '?do=prepend', body: 'a' })).status).toBe(204)
    expect(await read('log')).toBe('abc')
    expect((await write('POST', 'log', { query: '?do=touch&ttl=1h' })).status).toBe(204)
    expect(Number((await ask(a.url, path('log'))).headers['cachemesh-ttl'])).toBeGreaterThan(3_000_000)
  })

  it.each([
    '',
    '?do=jump',
    '?do=increment&by=-1',
    '?do=increment&by=1.5',
    '?do=append&ttl=1m',
    '?do=touch&x=1',
  ])('refuses %s', async query => {
    expect(refusal(await write('POST', 'odd', { query }))).toEqual([400, 'ERR_INVALID_ARGUMENT'])
  })
})

describe('entries of a namespace', () => {
  it('are removed by a tag, or all of them', async () => {
    await write('PUT', 'red', { query: '?tag=red&tag=bright', body: 'r' })
    await write('PUT', 'blue', { query: '?tag=blue', body: 'b' })
    const byTag = await ask(b.url, '/v1/namespaces/ns/tags/red', { method: 'DELETE' })
    expect([byTag.status, JSON.parse(byTag.body)]).toEqual([200, { peers: 1, confirmed: 1 }])
    expect((await ask(a.url, path('red'))).status).toBe(404)
    expect(await read('blue')).toBe('b')
    expect((await ask(a.url, '/v1/namespaces/ns/entries', { method: 'DELETE' })).status).toBe(200)
    expect((await ask(b.url, path('blue'))).status).toBe(404)
    expect(refusal(await ask(a.url, '/v1/namespaces/a%20b/entries', { method: 'DELETE' }))).toEqual([
      400,
      'ERR_INVALID_NAMESPACE',
    ])
  })
})
