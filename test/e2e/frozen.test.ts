// An owner that is there but says nothing: stopped, as by a debugger, a long garbage collection, a full disk.

import { afterAll, expect, it, vi } from 'vitest'
import { agreed, each, get, put } from './api.ts'
import { Processes, type StartedNode } from './processes.ts'

const processes = new Processes()
afterAll(() => processes.end())

it('passes a frozen owner over with a miss, never an error, and asks it again when it wakes', async () => {
  const nodes = (await processes.mesh(3)) as [StartedNode, StartedNode, StartedNode]
  const [asked, frozen] = nodes
  await agreed(nodes)
  const keys = Array.from({ length: 200 }, (_, i) => `key ${i}`)
  await each(keys, async key => void (await put(asked, key, key)))

  frozen.process.kill('SIGSTOP')
  let misses = 0
  await each(keys, async key => {
    const response = await get(asked, key)
    if (response.status === 404) misses++
    else expect([response.status, await response.text()]).toEqual([200, key])
  })
  expect(misses).toBeGreaterThan(0)

  frozen.process.kill('SIGCONT')
  await vi.waitFor(() => each(keys, async key => expect(await (await get(asked, key)).text()).toBe(key)), {
    timeout: 15_000,
    interval: 50,
  })
})
