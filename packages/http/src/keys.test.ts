import { randomFillSync } from 'node:crypto'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { ask, gateways, keyOf, refusal, type Served } from './testing/gateway.ts'

const start = gateways()
let a: Served
let b: Served

beforeAll(async () => {
  a = await start()
  b = await start({ seeds: a.node.addresses })
})

const at = (served: Served, key: string) => `${served.url}/v1/keys/${encodeURIComponent(key)}`
const put = (url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'PUT', body, headers })

describe('a value', () => {
  it('comes back byte for byte through any node, and says where it was', async () => {
    const key = keyOf(a.node, 'bytes')
    const bytes = new Uint8Array(1000).map((_, i) => i)
    const written = await put(at(b, key), bytes)
    expect(written.status).toBe(204)
    const version = written.headers.get('cachemesh-version')
    expect(Number(version)).toBeGreaterThan(0)
    for (const [served, where] of [
      [a, 'local'],
      [b, 'forwarded'],
    ] as const) {
      const response = await fetch(at(served, key))
      expect(response.status).toBe(200)
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'application/octet-stream',
        'cachemesh-served': where,
        'cachemesh-owner': a.node.id,
        'cachemesh-version': version,
        etag: written.headers.get('etag'),
      })
      expect(response.headers.has('cachemesh-ttl')).toBe(false)
    }
  })

  it.each([
    'application/json',
    'text/plain',
    'text/html; charset=ISO-8859-1',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'APPLICATION/Json;a="b"',
  ])('keeps its content type %s, and is never parsed', async contentType => {
    await put(at(a, 'typed'), '{ not json', { 'content-type': contentType })
    const response = await fetch(at(b, 'typed'))
    expect(response.headers.get('content-type')).toBe(contentType)
    expect(await response.text()).toBe('{ not json')
  })

  it('may be empty', async () => {
    expect((await ask(a.url, '/v1/keys/empty', { method: 'PUT' })).status).toBe(204)
    const { status, body, headers } = await ask(b.url, '/v1/keys/empty')
    expect({ status, body }).toEqual({ status: 200, body: '' })
    expect(headers['content-type']).toBe('application/octet-stream')
  })

  it('of 32 MiB goes through two nodes', async () => {
    const key = keyOf(b.node, 'large')
    const bytes = randomFillSync(new Uint8Array(32 * 1024 * 1024))
    expect((await put(at(a, key), bytes)).status).toBe(204)
    const back = Buffer.from(await (await fetch(at(a, key))).arrayBuffer())
    expect(back.equals(bytes)).toBe(true)
  })

  it('cannot be larger than the limit, whether it says so first or not', async () => {
    const bytes = new Uint8Array(64 * 1024 * 1024 + 1)
    const announced = await put(at(a, 'larger'), bytes)
    expect(refusal({ status: announced.status, body: await announced.text() })).toEqual([
      413,
      'ERR_VALUE_TOO_LARGE',
    ])
    const body = new Blob([bytes]).stream()
    const streamed = await fetch(at(a, 'larger'), { method: 'PUT', body, duplex: 'half' })
    expect(refusal({ status: streamed.status, body: await streamed.text() })).toEqual([
      413,
      'ERR_VALUE_TOO_LARGE',
    ])
    expect((await fetch(at(a, 'larger'))).status).toBe(404)
  })
})

describe('a key', () => {
  it.each([
    ['with a slash', 'a/b//c/'],
    ['of dots', '..'],
    ['with dots and slashes', '../../livez'],
    ['in other scripts', 'Ключ 鍵 😀'],
    ['with what URLs give meaning to', '?a=b&c#d;e=f+g%20@:[]'],
    ['with percent signs', '%2F%25%zz'],
    ['with control characters', '\0\n\r\t'],
    ['like a path', '/v1/keys/x'],
    ['in no normal form', 'e\u0301 \u00e9 \ufeff'],
    ['of the greatest length', '鍵'.repeat(1363)],
  ])('%s is exactly itself', async (_, key) => {
    const encoded = encodeURIComponent(key).replace(/^\.\.$/, '%2E.')
    for (const path of [`/v1/keys/${encoded}`, `/v1/keys/other/${encoded}`]) {
      expect(await ask(a.url, path, { method: 'PUT', body: path })).toMatchObject({ status: 204, body: '' })
    }
    const options = { namespace: a.node.namespace('other'), path: `/v1/keys/other/${encoded}` }
    expect(Buffer.from((await a.node.get(key)) as Uint8Array).toString()).toBe(`/v1/keys/${encoded}`)
    expect(Buffer.from((await options.namespace.get(key)) as Uint8Array).toString()).toBe(options.path)
    expect((await ask(b.url, options.path)).body).toBe(options.path)
    expect(JSON.parse((await ask(b.url, options.path, { method: 'DELETE' })).body)).toEqual({ deleted: true })
    expect(refusal(await ask(b.url, options.path))).toEqual([404, 'ERR_NOT_FOUND'])
    expect((await ask(b.url, `/v1/keys/${encoded}`)).status).toBe(200)
  })

  it('may be written with raw dots, and in the form that proxies get', async () => {
    await ask(a.url, '/v1/keys/%2E%2e', { method: 'PUT', body: 'dots' })
    expect((await ask(a.url, '/v1/keys/..')).body).toBe('dots')
    expect((await ask(a.url, `${a.url}/v1/keys/default/..`)).body).toBe('dots')
  })

  it('without a namespace is one of the namespace default', async () => {
    await put(at(a, 'plain'), 'x')
    expect((await ask(a.url, '/v1/keys/default/plain')).body).toBe('x')
    expect((await ask(a.url, '/v1/keys/d%65fault/plain')).body).toBe('x')
  })

  it('that is deleted is gone, once', async () => {
    await put(at(a, 'gone'), 'x')
    for (const deleted of [true, false]) {
      const response = await fetch(at(b, 'gone'), { method: 'DELETE' })
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({ deleted })
    }
  })
})

describe('a time to live', () => {
  it.each([
    ['?ttl=5m', {}, 300_000],
    ['?ttl=250000', {}, 250_000],
    ['', { 'cachemesh-ttl': '2h' }, 7_200_000],
  ])('is given by %s %j', async (query, headers, ttlMs) => {
    expect((await put(at(a, 'mortal') + query, 'x', headers as Record<string, string>)).status).toBe(204)
    const left = Number((await fetch(at(b, 'mortal'))).headers.get('cachemesh-ttl'))
    expect(left).toBeGreaterThan(ttlMs - 60_000)
    expect(left).toBeLessThanOrEqual(ttlMs)
  })

  it('ends the entry', async () => {
    await put(`${at(a, 'short')}?ttl=1ms`, 'x')
    await vi.waitFor(async () => expect((await fetch(at(a, 'short'))).status).toBe(404))
  })

  it('is the namespace’s where none is given', async () => {
    a.node.namespace('sessions', { ttl: '1h' })
    await put(`${a.url}/v1/keys/sessions/s`, 'x')
    const left = Number((await fetch(`${a.url}/v1/keys/sessions/s`)).headers.get('cachemesh-ttl'))
    expect(left).toBeGreaterThan(3_500_000)
  })
})

describe('an entity tag', () => {
  it('saves the body of a value that is known', async () => {
    await put(at(a, 'tagged'), 'one')
    const etag = (await fetch(at(b, 'tagged'))).headers.get('etag') as string
    for (const known of [etag, `"0", W/${etag}`, '*']) {
      const response = await ask(b.url, '/v1/keys/tagged', { headers: { 'if-none-match': known } })
      expect(response).toMatchObject({ status: 304, body: '', headers: { etag } })
    }
    await put(at(a, 'tagged'), 'two')
    const response = await ask(b.url, '/v1/keys/tagged', { headers: { 'if-none-match': etag } })
    expect(response).toMatchObject({ status: 200, body: 'two' })
  })
})

describe('HEAD', () => {
  it('answers the headers of GET without the body', async () => {
    await put(`${at(a, 'head')}?ttl=1h`, 'twelve bytes', { 'content-type': 'text/x' })
    const { status, headers, body } = await ask(b.url, '/v1/keys/head', { method: 'HEAD' })
    expect({ status, body }).toEqual({ status: 200, body: '' })
    expect(headers).toMatchObject({ 'content-length': '12', 'content-type': 'text/x' })
    expect(headers['cachemesh-version']).toMatch(/^\d+$/)
    expect((await ask(b.url, '/v1/keys/headless', { method: 'HEAD' })).status).toBe(404)
  })
})
