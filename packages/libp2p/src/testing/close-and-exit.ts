// Run by a test in a process of its own: after close() the process must end by itself, with work in flight.

import { FrameWriter } from '@cachemesh/protocol'
import { closeAll, open } from './mesh.ts'

const nodes = [await open(), await open(), await open({ encryption: 'noise' })]
const [a, b, c] = nodes.map(({ transport }) => transport)
if (a === undefined || b === undefined || c === undefined) throw new Error('three transports are needed')
const link = await a.dial(b.addresses)
await c.dial(a.addresses)
a.announce(Buffer.from('an announcement'))
const writer = new FrameWriter()
writer.set(1, 0, 'key', {}, { value: new Uint8Array(8 * 1024 * 1024), contentType: '', ttlMs: 0 })
link.sendBulk(writer.takePieces())
link.writer.get(2, 0, 'key', {})
link.flushSoon()
c.dial(b.addresses).catch(() => {})
await closeAll()
if (nodes.some(({ ups, downs }) => ups.length !== downs.length)) process.exitCode = 1
