import { beforeAll, describe, expect, it } from 'vitest'
import { gateways, refusal, type Served } from './testing/gateway.ts'

const start = gateways()
let a: Served
let b: Served
let loads = 0

beforeAll(async () => {
  a = await start()
  b = await start({ seeds: a.node.addresses })
  const load = async (key: string) => {
    loads++
    return key === 'nothing' ? undefined : { key }
  }
  // Only one of the two processes knows the data store.
  a.node.namespace('users', { load })
})

const keysOfA = () =>
  Array.from({ length: 200 }, (_, i) => `user-${i}`).filter(key => a.node.namespace('users').route(key).local)

const read = (served: Served, key: string, onMiss: string) =>
  fetch(`${served.url}/v1/keys/users/${key}?onMiss=${onMiss}`)

describe('a read over HTTP that misses', () => {
  it('is loaded by a process that can, once', async () => {
    const key = keysOfA()[0] as string
    expect((await read(b, key, 'miss')).status).toBe(404)
    const answers = await Promise.all([read(b, key, 'load'), read(b, key, 'load'), read(a, key, 'load')])
    for (const answer of answers) expect([answer.status, await answer.json()]).toEqual([200, { key }])
    expect(loads).toBe(1)
    expect((await read(b, 'nothing', 'load')).status).toBe(404)
  })

  it('says where the data store is', async () => {
    const stores = { 'users/1': { url: 'postgres://one' } }
    const before = await read(b, 'missing', 'source')
    expect([before.status, await before.json()]).toMatchObject([404, { source: null }])
    await a.node.mesh.update({ stores })
    await a.node.mesh.propagate()
    const answer = await read(b, 'missing', 'source')
    const error = expect.objectContaining({ code: 'ERR_NOT_FOUND' })
    expect([answer.status, await answer.json()]).toEqual([404, { error, source: { name: 'users', stores } }])
  })

  it('knows no other way', async () => {
    const answer = await read(a, 'missing', 'guess')
    expect(refusal({ status: answer.status, body: await answer.text() })).toEqual([
      400,
      'ERR_INVALID_ARGUMENT',
    ])
  })
})
