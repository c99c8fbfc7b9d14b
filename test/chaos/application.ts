// An application with a node in its process: it reads keys at a steady rate, loads what is not in the mesh, and says again and
// again what it has loaded since. `node application.ts READS_PER_SECOND [SEED]`.

import { createNode } from 'cachemesh'
import { KEYS, type Told, TTL_MS } from './applications.ts'

const TICK_MS = 20

const [readsPerSecond, seed] = process.argv.slice(2)
const node = await createNode(seed === undefined ? {} : { seeds: [seed] })
let told: Told = { loaded: [], reads: 0, failed: 0 }
const rows = node.namespace<string>('rows', {
  ttl: TTL_MS,
  load: key => {
    told.loaded.push(key)
    return `row ${key}`
  },
})

/** Park and Miller, begun with a number of this process: each reads other keys at a time. */
let state = process.pid
function next(): string {
  state = (state * 48_271) % 0x7fff_ffff
  return String(state % KEYS)
}

async function read(): Promise<void> {
  try {
    await rows.get(next())
    told.reads++
  } catch {
    told.failed++
  }
}

const ticking = setInterval(() => {
  for (let i = 0; i < (Number(readsPerSecond) * TICK_MS) / 1_000; i++) read()
  process.stdout.write(`${JSON.stringify(told)}\n`)
  told = { loaded: [], reads: 0, failed: 0 }
}, TICK_MS)
process.stdout.write(`${JSON.stringify({ address: node.addresses[0] })}\n`)

process.stdin.on('end', () => {
  clearInterval(ticking)
  return node.close()
})
process.stdin.resume()
