import { connect } from 'node:net'
import { createNode } from 'cachemesh'
import fastify from 'fastify'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Traffic } from './body.ts'
import { answerErrors } from './errors.ts'
import { keyRoutes } from './keys.ts'
import { ask, refusal } from './testing/gateway.ts'

const MiB = 1024 * 1024
const ALL = 256 * MiB

async function start() {
  const node = await createNode()
  const traffic = new Traffic()
  const app = fastify({ forceCloseConnections: true })
  answerErrors(app)
  keyRoutes(app, node, traffic)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(async () => {
    await app.close()
    await node.close()
  })
  return { url, traffic }
}

it('counts bodies that come and go, until they are through', async () => {
  const { url, traffic } = await start()
  const take = vi.spyOn(traffic, 'take')
  const body = 'x'.repeat(MiB)
  expect((await ask(url, '/v1/keys/k', { method: 'PUT', body })).status).toBe(204)
  expect(take.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)).toBe(MiB)
  take.mockClear()
  expect((await ask(url, '/v1/keys/k')).body).toBe(body)
  expect(take).toHaveBeenCalledExactlyOnceWith(MiB)
  await vi.waitFor(() => expect(traffic.bytes).toBe(0))
})

it('refuses what is too much at once, and takes it later', async () => {
  const { url, traffic } = await start()
  const body = 'x'.repeat(MiB)
  expect((await ask(url, '/v1/keys/k', { method: 'PUT', body })).status).toBe(204)
  await vi.waitFor(() => expect(traffic.bytes).toBe(0))
  traffic.take(ALL - MiB / 2)
  for (const method of ['GET', 'PUT']) {
    const answer = await ask(url, '/v1/keys/k', { method, ...(method === 'PUT' && { body }) })
    expect(refusal(answer)).toEqual([503, 'ERR_OVERLOADED'])
    await vi.waitFor(() => expect(traffic.bytes).toBe(ALL - MiB / 2))
  }
  traffic.give(ALL - MiB / 2)
  expect((await ask(url, '/v1/keys/k')).body).toBe(body)
})

it('forgets bodies whose senders or readers go away', async () => {
  const { url, traffic } = await start()
  const body = 'x'.repeat(8 * MiB)
  expect((await ask(url, '/v1/keys/k', { method: 'PUT', body })).status).toBe(204)
  const { hostname, port } = new URL(url)
  const sender = connect(Number(port), hostname)
  sender.write(`PUT /v1/keys/cut HTTP/1.1\r\nHost: x\r\nContent-Length: ${MiB}\r\n\r\n${'x'.repeat(MiB / 2)}`)
  await vi.waitFor(() => expect(traffic.bytes).toBe(MiB / 2))
  const reader = connect(Number(port), hostname)
  reader.write('GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n')
  await vi.waitFor(() => expect(traffic.bytes).toBe(8.5 * MiB))
  sender.destroy()
  reader.destroy()
  await vi.waitFor(() => expect(traffic.bytes).toBe(0))
})
