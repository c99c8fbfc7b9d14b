// A slow table behind a mesh of three nodes. Sixty callers on all nodes ask for one row: it is read once. Then the row is
// written through, the change is followed, and the table fails.
//
//   node docs/examples/read-through.ts

import { setTimeout as sleep } from 'node:timers/promises'
import { createNode } from 'cachemesh'

/** Stands for a database: its rows, what it does, and a switch. */
const rows = new Map([['42', 'Ada']])
let reads = 0
let isDown = false

async function read(id: string): Promise<string | undefined> {
  reads++
  await sleep(50)
  if (isDown) throw new Error('the database is down')
  return rows.get(id)
}

async function write(id: string, name: string): Promise<void> {
  rows.set(id, name)
}

const first = await createNode()
const others = [await createNode({ seeds: first.addresses }), await createNode({ seeds: first.addresses })]
// All know each other before they are asked: while owners of keys change, each of them may load.
const nodes = [first, ...others]
const views = () => new Set(nodes.map(({ configuration }) => configuration.version.digest))
while (views().size > 1 || nodes.some(({ stats }) => stats.links < 2)) await sleep(10)

const users = nodes.map(node =>
  node.namespace<string>('users', {
    ttl: '1s',
    staleFor: '1h',
    negativeTtl: '10s',
    load: read,
    store: write,
  }),
)
const [here, there] = users as [(typeof users)[0], (typeof users)[0]]

const names = await Promise.all(Array.from({ length: 60 }, (_, caller) => users[caller % 3]?.get('42')))
console.log(`${names.length} callers have ${[...new Set(names)]}, ${reads} read of the database`)

await here.set('42', 'Grace')
console.log(`written through: ${await there.get('42')}, ${reads} read`)

rows.set('42', 'Edsger')
await here.invalidate(['42'])
console.log(`changed behind the mesh: ${await there.get('42')}, ${reads} reads`)

await there.get('nobody')
console.log(`not there: ${await here.get('nobody')}, ${reads} reads`)

isDown = true
await sleep(1_100)
console.log(`past its time, and the database is down: ${await there.get('42')}`)

for (const node of [...others, first]) await node.close()
