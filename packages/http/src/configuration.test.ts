import { describe, expect, it, vi } from 'vitest'
import { ConfigurationWatch } from './configuration-watch.ts'
import { ask, gateways, refusal, type Served } from './testing/gateway.ts'

const start = gateways()
let shared: Promise<Served> | undefined

describe('the configuration', () => {
  it('is what the node holds, with an entity tag', async () => {
    const { node, url } = await start({ zone: 'z', weight: 2 })
    const response = await ask(url, '/v1/configuration')
    expect(response.status).toBe(200)
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(JSON.parse(response.body)).toEqual(node.configuration)
    const { etag } = response.headers
    expect(etag).toContain(node.configuration.version.digest)
    const known = { headers: { 'if-none-match': String(etag) } }
    expect(await ask(url, '/v1/configuration', known)).toMatchObject({ status: 304, body: '' })
    const version = await ask(url, '/v1/configuration/version')
    expect(JSON.parse(version.body)).toEqual(node.configuration.version)
    expect(await ask(url, '/v1/configuration/version', known)).toMatchObject({ status: 304, body: '' })
    node.announceGateway('other', 'http://127.0.0.1:1')
    expect((await ask(url, '/v1/configuration', known)).status).toBe(200)
  })

  it('comes at once when it is newer', async () => {
    const { node, url } = await start()
    const { serial } = node.configuration.version
    const response = await ask(url, `/v1/configuration?after=${serial - 1}&wait=60s`)
    expect(JSON.parse(response.body)).toEqual(node.configuration)
  })

  it('comes when somebody joins, to all who wait for it', async () => {
    const { node, url } = await start()
    const { serial } = node.configuration.version
    const on = vi.spyOn(node, 'on')
    const waiting = ['', '', '/version'].map(path =>
      ask(url, `/v1/configuration${path}?after=${serial}&wait=60s`),
    )
    await ask(url, '/livez')
    const joined = await start({ seeds: node.addresses })
    const [one, two, version] = await Promise.all(waiting)
    for (const response of [one, two]) {
      const { version, members } = JSON.parse(response?.body ?? '')
      expect(version.serial).toBeGreaterThan(serial)
      expect(members.map(({ id }: { id: string }) => id)).toContain(joined.node.id)
    }
    expect(JSON.parse(version?.body ?? '').serial).toBeGreaterThan(serial)
    expect(on).not.toHaveBeenCalled()
  })

  it('does not come when there is no newer one in time', async () => {
    const { node, url } = await start()
    const { serial } = node.configuration.version
    for (const wait of ['0', '0s', '1ms', '20']) {
      const response = await ask(url, `/v1/configuration?after=${serial}&wait=${wait}`)
      expect(response).toMatchObject({ status: 204, body: '' })
    }
  })

  it.each([
    'after=x',
    'after=',
    'after=-1',
    'after=1.5',
    'after=NaN',
    'after=9007199254740993',
    'after=1&after=2',
    'after=1&wait=soon',
    'after=1&wait=-1s',
    'wait=NaN',
    'before=1',
  ])('is not given for ?%s', async query => {
    shared ??= start()
    const { url } = await shared
    expect(refusal(await ask(url, `/v1/configuration?${query}`))).toEqual([400, 'ERR_INVALID_ARGUMENT'])
  })
})

describe('a wait for the configuration', () => {
  it('leaves nothing behind when who waits goes away, or all is closed', async () => {
    const { node } = await start()
    const { serial } = node.configuration.version
    const watch = new ConfigurationWatch(node)
    let leave = () => {}
    const gone = (end: () => void) => {
      leave = end
    }
    const left = watch.newer(serial, { waitMs: 60_000, gone })
    const closed = watch.newer(serial, { waitMs: 60_000, gone: () => {} })
    expect(watch.waiting).toBe(2)
    leave()
    expect(await left).toBeUndefined()
    expect(watch.waiting).toBe(1)
    watch.close()
    await expect(closed).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await expect(watch.newer(serial, { waitMs: 1, gone: () => {} })).rejects.toMatchObject({
      code: 'ERR_CLOSED',
    })
    expect(watch.waiting).toBe(0)
  })

  it('is refused when too many wait', async () => {
    const { node } = await start()
    const { serial } = node.configuration.version
    const watch = new ConfigurationWatch(node)
    const wait = () => watch.newer(serial, { waitMs: 60_000, gone: () => {} })
    const waiting = Array.from({ length: 10_000 }, () => wait().catch((error: unknown) => error))
    await expect(wait()).rejects.toMatchObject({ code: 'ERR_OVERLOADED' })
    watch.close()
    expect(await waiting[9_999]).toMatchObject({ code: 'ERR_CLOSED' })
  })
})
