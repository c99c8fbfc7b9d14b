import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { createNode } from 'cachemesh'
import { describe, expect, it, onTestFinished } from 'vitest'
import { onLoopbackOnly, reachableHost, urlOf } from './address.ts'
import { type HttpGateway, startHttp } from './gateway.ts'
import { arrival, ask, gateways, refusal, type Served } from './testing/gateway.ts'

const run = promisify(execFile)
const start = gateways()
let shared: Promise<Served> | undefined

describe('a gateway', () => {
  it('listens on loopback unless told, and tells the mesh where', async () => {
    const { node, url } = await start()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(node.configuration.members[0]?.gateways).toEqual({ http: url })
  })

  it('is reached where it says, also when it listens everywhere', async () => {
    const { node } = await start()
    for (const listen of ['0.0.0.0:0', 'localhost:0', '127.0.0.2:0']) {
      const gateway = await startHttp(node, { listen })
      expect(gateway.url).not.toContain('0.0.0.0')
      expect((await ask(gateway.url, '/livez')).status).toBe(200)
      expect(node.configuration.members[0]?.gateways).toEqual({ http: gateway.url })
      await gateway.close()
    }
  })

  it('does not listen where another program does', async () => {
    const { node, url } = await start()
    const listen = new URL(url).host
    await expect(startHttp(node, { listen })).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
      message: expect.stringContaining(listen),
    })
    expect((await ask(url, '/livez')).status).toBe(200)
  })

  it.each([
    '',
    '8080',
    'localhost',
    '127.0.0.1:',
    '127.0.0.1:70000',
    ':80',
    '::1:80',
    '[127.0.0.1]:80',
    'a b:1',
  ])('does not listen on %j', async listen => {
    shared ??= start()
    const { node } = await shared
    await expect(startHttp(node, { listen })).rejects.toMatchObject({ code: 'ERR_INVALID_ADDRESS' })
  })

  it('does not listen where this machine is not', async () => {
    const { node } = await start()
    for (const listen of ['192.0.2.77:0', 'name.invalid:0']) {
      await expect(startHttp(node, { listen })).rejects.toMatchObject({ code: 'ERR_INVALID_ADDRESS' })
    }
  })

  it('ends waits and idle connections at once when it closes, and leaves the node', async () => {
    const { node, gateway, url } = await start()
    const { serial } = node.configuration.version
    const idle = connect(Number(new URL(url).port), '127.0.0.1')
    await once(idle, 'connect')
    const ended = once(idle, 'close')
    const arrived = arrival('wait=60s')
    const waiting = ask(url, `/v1/configuration?after=${serial}&wait=60s`)
    await arrived
    await Promise.all([gateway.close(), gateway.close()])
    expect(refusal(await waiting)).toEqual([503, 'ERR_CLOSED'])
    idle.resume()
    await ended
    await expect(ask(url, '/livez')).rejects.toThrow('ECONNREFUSED')
    await node.set('k', 1)
    expect(await node.get('k')).toBe(1)
  })

  it('answers while its node joins, and is told as the address that the node then has', async () => {
    let joining = 0
    let gateway: HttpGateway | undefined
    const node = await createNode({}, async early => {
      gateway = await startHttp(early, { listen: '0.0.0.0:0' })
      const { status, body } = await ask(gateway.url, '/readyz')
      expect(JSON.parse(body)).toMatchObject({ ready: false, state: 'joining' })
      joining = status
      expect((await ask(gateway.url, '/v1/keys/k')).status).toBe(503)
    })
    onTestFinished(async () => {
      await gateway?.close()
      await node.close()
    })
    expect(joining).toBe(503)
    expect((await ask(gateway?.url ?? '', '/readyz')).status).toBe(200)
    expect(gateway?.url).toContain('127.0.0.1')
    expect(node.configuration.members[0]?.gateways).toEqual({ http: gateway?.url })
  })

  it('leaves nothing running after close, and writes to no output', async () => {
    // The child ends by itself only if no handle is left open.
    const program = `
      import { createNode } from 'cachemesh'
      import { startHttp } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)}
      const node = await createNode()
      const { url, close } = await startHttp(node)
      await fetch(url + '/v1/keys/k', { method: 'PUT', body: 'x' })
      const waiting = fetch(url + '/v1/configuration?after=1000')
      await fetch(url + '/v1/keys/k')
      await close()
      await node.close()
      await waiting.catch(() => {})
    `
    const args = ['--conditions=@cachemesh/source', '--input-type=module', '--eval', program]
    const cwd = new URL('.', import.meta.url)
    const { stdout, stderr } = await run(process.execPath, args, { cwd, timeout: 20_000 })
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' })
  })

  it('is described', async () => {
    const { url } = await start()
    const { status, headers, body } = await ask(url, '/openapi.json')
    expect(status).toBe(200)
    expect(headers['content-type']).toContain('application/json')
    const { openapi, paths, components } = JSON.parse(body)
    expect(openapi).toBe('3.1.0')
    expect(Object.keys(paths).sort()).toEqual([
      '/livez',
      '/readyz',
      '/v1/configuration',
      '/v1/configuration/propagate',
      '/v1/configuration/settings',
      '/v1/configuration/version',
      '/v1/keys/{key}',
      '/v1/keys/{namespace}/{key}',
      '/v1/leave',
      '/v1/load',
      '/v1/members',
      '/v1/namespaces/{namespace}/entries',
      '/v1/namespaces/{namespace}/tags/{tag}',
      '/v1/node',
      '/v1/placements',
      '/v1/placements/{position}',
      '/v1/ring',
      '/v1/route/{key}',
      '/v1/route/{namespace}/{key}',
    ])
    expect(components.schemas.Error.properties.error.properties.code.enum).toContain('ERR_NOT_FOUND')
    // Every reference leads somewhere.
    for (const [, name] of body.matchAll(/"\$ref":"([^"]*)"/g)) {
      expect(name).toBe('#/components/schemas/Error')
    }
  })

  it('describes what it answers', async () => {
    const { url } = await start()
    const { paths } = JSON.parse((await ask(url, '/openapi.json')).body)
    for (const path of [
      '/v1/configuration',
      '/v1/configuration/settings',
      '/v1/members',
      '/v1/ring',
      '/v1/load',
      '/v1/placements',
      '/v1/node',
      '/livez',
      '/readyz',
    ]) {
      const { schema } = paths[path].get.responses[200].content['application/json']
      const answer = JSON.parse((await ask(url, path)).body)
      expect(Object.keys(answer).sort()).toEqual(Object.keys(schema.properties).sort())
    }
  })
})

describe('addresses', () => {
  it('of a wildcard are those that the node tells its peers', () => {
    const told = ['/ip6/2001:db8::5/tcp/7400/p2p/x', '/ip4/10.0.0.5/tcp/7400/p2p/x']
    expect(reachableHost('0.0.0.0', told)).toBe('10.0.0.5')
    expect(reachableHost('::', told)).toBe('2001:db8::5')
    expect(reachableHost('0.0.0.0', ['/dns/mesh.example/tcp/1'])).toBe('mesh.example')
    expect(reachableHost('10.0.0.9', told)).toBe('10.0.0.9')
    expect(urlOf('2001:db8::5', 80)).toBe('http://[2001:db8::5]:80')
  })

  it('on loopback are told to a mesh on loopback only', () => {
    expect(onLoopbackOnly(['/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1'])).toBe(true)
    expect(onLoopbackOnly(['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.5/tcp/1'])).toBe(false)
  })
})
