import type { CacheMeshNode } from 'cachemesh'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ask, gateways, refusal, type Served } from './testing/gateway.ts'

const start = gateways()
let served: Served

beforeAll(async () => {
  served = await start()
})

function write(
  method: string,
  body: unknown,
  { url = served.url, headers = {} }: { url?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const all = { 'content-type': 'application/json', ...headers }
  return ask(url, '/v1/configuration', { method, headers: all, body: text })
}

function etagOf({ configuration: { version } }: CacheMeshNode): string {
  return `"${version.serial}-${version.digest}"`
}

describe('a change of the configuration', () => {
  it('of a part answers with the version it took effect in', async () => {
    const { node } = served
    const { status, headers, body } = await write('PATCH', {
      settings: { ttlMs: '5m', later: { deep: [1, null] } },
      namespaces: { users: { valueBytesMax: '1kb' } },
      member: { weight: 2, zone: 'rack' },
    })
    expect([status, JSON.parse(body)]).toEqual([200, { version: node.configuration.version, changed: true }])
    expect(headers.etag).toBe(etagOf(node))
    expect(node.configuration).toMatchObject({
      settings: { ttlMs: 300_000, later: { deep: [1, null] } },
      namespaces: { users: { valueBytesMax: 1024 } },
      members: [{ weight: 2, zone: 'rack' }],
    })
    const again = await write('PATCH', { settings: { ttlMs: 300_000 } })
    expect(JSON.parse(again.body)).toEqual({ version: node.configuration.version, changed: false })
    await write('PATCH', { settings: { later: null } })
    expect(node.configuration.settings).toEqual({ ttlMs: 300_000 })
  })

  it('of the whole takes what GET answered, edited', async () => {
    const { node, url } = await start()
    await node.mesh.update({ settings: { ttlMs: 5 }, stores: { db: { url: 'x' } } })
    const read = await ask(url, '/v1/configuration')
    const document = { ...JSON.parse(read.body), settings: { leaseMs: 7 } }
    const headers = { 'if-match': String(read.headers.etag) }
    expect((await write('PUT', document, { url, headers })).status).toBe(200)
    expect(node.configuration).toMatchObject({ settings: { leaseMs: 7 }, stores: { db: { url: 'x' } } })
    expect(node.configuration.members).toHaveLength(1)
    const late = await write('PUT', document, { url, headers })
    expect(refusal(late)).toEqual([412, 'ERR_VERSION_CONFLICT'])
    expect(refusal(await write('PUT', { meshId: 'other' }, { url }))).toEqual([409, 'ERR_WRONG_MESH'])
    await write('PUT', {}, { url })
    expect(node.configuration).toMatchObject({ settings: {}, stores: {} })
  })

  it('is made only of the configuration that If-Match names', async () => {
    const { node, url } = await start()
    const old = etagOf(node)
    const change = (ttlMs: number, match: string) =>
      write('PATCH', { settings: { ttlMs } }, { url, headers: { 'if-match': match } })
    expect((await change(1, old)).status).toBe(200)
    const { serial } = node.configuration.version
    const conflict = await change(2, old)
    expect(refusal(conflict)).toEqual([412, 'ERR_VERSION_CONFLICT'])
    expect(JSON.parse(conflict.body).error.message).toMatch(
      new RegExp(`serial ${serial}.*serial ${serial - 1}`),
    )
    expect(node.configuration.settings).toEqual({ ttlMs: 1 })
    // A text is the same under whatever serial.
    const relabelled = etagOf(node).replace(/\d+/, digits => String(Number(digits) + 5))
    expect((await change(3, relabelled)).status).toBe(200)
    expect((await change(4, `${old}, ${etagOf(node)}`)).status).toBe(200)
    expect((await change(5, '*')).status).toBe(200)
    for (const tag of ['5', '"5"', `W/${etagOf(node)}`, ''])
      expect(refusal(await change(6, tag))).toEqual([400, 'ERR_INVALID_ARGUMENT'])
    expect(node.configuration.settings).toEqual({ ttlMs: 5 })
  })

  it.each<[string, unknown, number, string]>([
    ['PATCH', { settings: { ttlMs: -1 } }, 400, 'ERR_MALFORMED_CONFIGURATION'],
    ['PATCH', { settings: { ttlMs: null, replicas: 'many' } }, 400, 'ERR_MALFORMED_CONFIGURATION'],
    ['PUT', { placements: { x: {} } }, 400, 'ERR_MALFORMED_CONFIGURATION'],
    ['PATCH', { namespaces: { 'a b': {} } }, 400, 'ERR_INVALID_NAMESPACE'],
    ['PATCH', { settings: [] }, 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', { members: [] }, 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', { member: { weight: 101 } }, 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', { member: { weight: null } }, 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', { member: { zone: null } }, 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', { member: { state: 'left' } }, 400, 'ERR_INVALID_ARGUMENT'],
    ['PUT', { member: { weight: 1 } }, 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', [], 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', '', 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', '{', 400, 'ERR_INVALID_ARGUMENT'],
    ['PATCH', '{"settings":{"__proto__":1}}', 400, 'ERR_INVALID_ARGUMENT'],
    ['POST', {}, 405, 'ERR_METHOD_NOT_ALLOWED'],
  ])('is refused: %s %j', async (method, body, status, code) => {
    const { version } = served.node.configuration
    expect(refusal(await write(method, body))).toEqual([status, code])
    expect(served.node.configuration.version).toEqual(version)
  })

  it('is refused to web pages, and as anything but JSON', async () => {
    const body = '{"settings":{"ttlMs":1}}'
    const origin = { headers: { origin: 'http://evil.example' } }
    expect(refusal(await write('PATCH', body, origin))).toEqual([403, 'ERR_FORBIDDEN_ORIGIN'])
    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    expect(refusal(await write('PATCH', body, form))).toEqual([400, 'ERR_INVALID_ARGUMENT'])
  })
})

describe('the description of the API', () => {
  it('has what is answered to each operation, and the errors that it names', async () => {
    const { node, url } = await start()
    const { paths } = JSON.parse((await ask(url, '/openapi.json')).body)
    const keysOf = (path: string, method: string) => {
      const { schema } = paths[path][method].responses[200].content['application/json']
      return Object.keys(schema.properties).sort()
    }
    const headers = { 'content-type': 'application/json' }
    for (const method of ['patch', 'put']) {
      const path = '/v1/configuration'
      const answer = await ask(url, path, { method: method.toUpperCase(), headers, body: '{}' })
      expect(Object.keys(JSON.parse(answer.body)).sort()).toEqual(keysOf(path, method))
      const operation = paths[path][method]
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '403', '410', '412']))
      const { example } = operation.requestBody.content['application/json']
      const body = JSON.stringify(example)
      expect((await ask(url, path, { method: method.toUpperCase(), headers, body })).status).toBe(200)
    }
    const told = await ask(url, '/v1/configuration/propagate', { method: 'POST' })
    expect(Object.keys(JSON.parse(told.body)).sort()).toEqual(keysOf('/v1/configuration/propagate', 'post'))
    const gone = await ask(url, `/v1/configuration?mesh=${node.mesh.name}`, { method: 'DELETE' })
    expect(Object.keys(JSON.parse(gone.body)).sort()).toEqual(keysOf('/v1/configuration', 'delete'))
  })
})

describe('the settings', () => {
  it('are told as they hold, with who says so', async () => {
    const { node, url } = await start({ timeout: '3s' })
    await node.mesh.update({ settings: { ttlMs: 5 }, namespaces: { users: { replicas: 2 } } })
    const settings = async (query = '') => {
      const { status, body } = await ask(url, `/v1/configuration/settings${query}`)
      expect(status).toBe(200)
      return JSON.parse(body)
    }
    expect((await settings()).version).toEqual(node.configuration.version)
    const { settings: held } = await settings('?namespace=users')
    const said = held.map(({ name, value, source, inEffect }: never) => [name, value, source, inEffect])
    expect(said).toEqual([
      ['ttlMs', 5, 'mesh', true],
      ['valueBytesMax', 64 * 1024 * 1024, 'default', true],
      ['timeoutMs', 3_000, 'node', true],
      ['replicas', 2, 'namespace', true],
      ['ackReplicas', 0, 'default', true],
      ['leaseMs', 2_000, 'default', true],
      ['copyAbove', 100, 'default', true],
      ['loadBound', 125, 'default', true],
    ])
    expect(held[0]).toMatchObject({ unit: 'ms', min: 0, default: 0, inNamespace: true })
  })
})

describe('a mesh over HTTP', () => {
  it('tells all members at once', async () => {
    const { node, url } = await start()
    const second = await start({ seeds: node.addresses })
    await node.mesh.update({ settings: { ttlMs: 5 } })
    const { status, body } = await ask(url, '/v1/configuration/propagate', { method: 'POST' })
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { version: node.configuration.version, peers: 1, confirmed: 1 },
    ])
    expect(second.node.configuration).toEqual(node.configuration)
  })

  it('is destroyed by who knows its name, for good', async () => {
    const { node, url } = await start({ mesh: 'orders' })
    const second = await start({ mesh: 'orders', seeds: node.addresses })
    const destroy = (query: string, headers: Record<string, string> = {}) =>
      ask(url, `/v1/configuration${query}`, { method: 'DELETE', headers })
    for (const query of ['', '?mesh=', '?mesh=order', '?mesh=orders&mesh=orders', '?mesh=orders&force=1']) {
      expect(refusal(await destroy(query))).toEqual([400, 'ERR_INVALID_ARGUMENT'])
    }
    const other = { 'if-match': `"1-${'0'.repeat(32)}"` }
    expect(refusal(await destroy('?mesh=orders', other))).toEqual([412, 'ERR_VERSION_CONFLICT'])
    expect(node.readiness.state).toBe('active')
    const { status, body } = await destroy('?mesh=orders')
    expect([status, JSON.parse(body)]).toEqual([
      200,
      { version: node.configuration.version, peers: 1, confirmed: 1 },
    ])
    for (const gateway of [url, second.url]) {
      const { body } = await ask(gateway, '/v1/configuration')
      expect(JSON.parse(body)).toMatchObject({ meshId: 'orders', destroyed: true, members: [] })
      expect(refusal(await ask(gateway, '/v1/keys/k'))).toEqual([410, 'ERR_MESH_DESTROYED'])
      expect(refusal(await write('PATCH', {}, { url: gateway }))).toEqual([410, 'ERR_MESH_DESTROYED'])
      expect(await ask(gateway, '/readyz')).toMatchObject({ status: 503 })
      expect(JSON.parse((await ask(gateway, '/v1/node')).body)).toMatchObject({ state: 'destroyed' })
    }
  })
})
