import { beforeAll, describe, expect, it } from 'vitest'
import { renderJson } from './rendering.ts'
import { gateways, refusal, type Served } from './testing/gateway.ts'

const start = gateways()
let served: Served

beforeAll(async () => {
  served = await start()
})

const get = async (key: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${served.url}/v1/keys/${key}`, { headers })
  const { status } = response
  const contentType = response.headers.get('content-type')
  const bytes = Buffer.from(await response.arrayBuffer())
  const body = bytes.toString(contentType === 'application/vnd.msgpack' ? 'latin1' : 'utf8')
  return { status, contentType, etag: response.headers.get('etag'), body }
}

describe('a structured value of an embedder', () => {
  it('is JSON', async () => {
    const value = { text: 'ä', list: [1, 2.5, null, true], nested: { empty: {} } }
    await served.node.set('plain', value)
    const { status, contentType, body } = await get('plain')
    expect({ status, contentType }).toEqual({ status: 200, contentType: 'application/json; charset=utf-8' })
    expect(JSON.parse(body)).toEqual(value)
    await served.node.set('null', null)
    expect((await get('null')).body).toBe('null')
  })

  it('is MessagePack for who asks for it, under another entity tag', async () => {
    await served.node.set('packed', ['a', 1])
    const json = await get('packed')
    const packed = await get('packed', { accept: 'application/vnd.msgpack' })
    expect(packed.contentType).toBe('application/vnd.msgpack')
    expect(packed.body).toBe('\x92\xa1a\x01')
    expect(packed.etag).not.toBe(json.etag)
    const known = { accept: 'application/vnd.msgpack', 'if-none-match': json.etag as string }
    expect((await get('packed', known)).status).toBe(200)
  })

  it('that refers to itself, or would be endless, is a typed error', async () => {
    const circle: { self?: unknown } = {}
    circle.self = circle
    await served.node.set('circle', circle)
    expect(refusal(await get('circle'))).toEqual([400, 'ERR_INVALID_VALUE'])
    expect((await get('circle', { accept: 'application/vnd.msgpack' })).status).toBe(200)

    let laughs: unknown[] = ['ha']
    for (let i = 0; i < 40; i++) laughs = [laughs, laughs]
    await served.node.set('laughs', laughs)
    expect(refusal(await get('laughs'))).toEqual([413, 'ERR_VALUE_TOO_LARGE'])
  })
})

describe('what JSON cannot hold', () => {
  it.each([
    ['a BigInt, as text', 12345678901234567890n, '12345678901234567890'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an invalid date', new Date(Number.NaN), null],
    ['bytes, as base64', Buffer.from([0xff, 0]), '/wA='],
    ['a typed array', new Uint16Array([1]), 'AQA='],
    ['a buffer', new Uint8Array([1]).buffer, 'AQ=='],
    ['maps, by their keys', new Map([['a', new Map([[1, 'x']])]]), { a: [[1, 'x']] }],
    ['a set', new Set([1n]), ['1']],
    ['a regular expression', /a\/b/gi, '/a\\/b/gi'],
    ['an error', new TypeError('no'), { name: 'TypeError', message: 'no' }],
    ['no number', Number.NaN, null],
    ['no finite number', Number.NEGATIVE_INFINITY, null],
    ['undefined', [undefined, { a: undefined }], [null, { a: null }]],
    ['a field toJSON', { toJSON: 'x' }, { toJSON: 'x' }],
  ])('becomes the nearest thing: %s', (_, value, rendered) => {
    expect(JSON.parse(renderJson(value))).toEqual(rendered)
  })

  it('keeps every name, also __proto__', () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":2}')
    expect(renderJson(value)).toBe('{"__proto__":{"a":1},"constructor":2}')
    expect(renderJson(new Map([['__proto__', 1]]))).toBe('{"__proto__":1}')
  })

  it('shows the same object in two places twice', () => {
    const twice = { a: 1 }
    expect(renderJson([twice, twice])).toBe('[{"a":1},{"a":1}]')
  })
})
