import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Processes, type Running } from './processes.ts'

const processes = new Processes()
afterEach(() => processes.end())

interface Service {
  readonly address: string
  readonly process: Running
  /** What it has printed. */
  readonly said: string[]
}

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/read-replicas.ts', import.meta.url))

async function service(...seeds: string[]): Promise<Service> {
  const process = processes.spawnNode(['--conditions=@cachemesh/source', EXAMPLE, ...seeds])
  const said: string[] = []
  const line = await process.line(/^listening at/, said)
  return { address: line.slice('listening at '.length), process, said }
}

const all = (services: readonly Service[], line: string) =>
  vi.waitFor(() => expect(services.map(({ said }) => said.at(-1))).toEqual(services.map(() => line)), {
    timeout: 20_000,
    interval: 20,
  })

describe('docs/examples/read-replicas.ts', () => {
  it('has three services agree on the replicas, also when one dies and one leaves', async () => {
    const first = await service()
    const services = [first, ...(await Promise.all([service(first.address), service(first.address)]))]
    await all(services, '3 services, replicas: none')
    services[1]?.process.type('add a postgres://10.0.0.5/orders 2\n')
    await all(services, '3 services, replicas: a 100%')
    services[2]?.process.type('add b postgres://10.0.0.6/orders 1\n')
    await all(services, '3 services, replicas: a 67%, b 33%')
    services[0]?.process.type('add c postgres://10.0.0.7/orders 1\n')
    await all(services, '3 services, replicas: a 50%, b 25%, c 25%')
    services[0]?.process.type('remove c\n')
    await all(services, '3 services, replicas: a 67%, b 33%')
    services[2]?.process.kill('SIGKILL')
    await all(services.slice(0, 2), '2 services, replicas: a 100%')
    services[1]?.process.type('quit\n')
    const { code, stderr } = (await services[1]?.process.ended) ?? {}
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await all(services.slice(0, 1), '1 services, replicas: none')
  })
})

describe('docs/examples/read-through.ts', () => {
  it('reads a row once for sixty callers on three nodes, and serves it when the database is down', async () => {
    const example = fileURLToPath(new URL('../../docs/examples/read-through.ts', import.meta.url))
    const said: string[] = []
    const running = processes.spawnNode(['--conditions=@cachemesh/source', example])
    await running.line(/^past its time/, said)
    expect(said).toEqual([
      '60 callers have Ada, 1 read of the database',
      'written through: Grace, 1 read',
      'changed behind the mesh: Edsger, 2 reads',
      'not there: undefined, 3 reads',
      'past its time, and the database is down: Edsger',
    ])
    const { code, stderr } = await running.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
