import { FrameWriter } from '@cachemesh/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { SLICE_BYTES } from './bulk-pace.ts'
import type { Link } from './link.ts'
import { closeAll, open, type Seen } from './testing/mesh.ts'
import { until } from './testing/until.ts'

const KiB = 1024
const LARGE_BYTES = 4 * 1024 * KiB

let now = 0

afterEach(async () => {
  vi.restoreAllMocks()
  await closeAll()
})

describe('large frames on a link with small ones', () => {
  it('leave two slices at a time, as the clock goes on, while small ones come and go', async () => {
    const { b, link } = await linked()
    for (let i = 0; i < 10; i++) await small(link, b)
    const frame = large('large', LARGE_BYTES)
    const bytes = frame.reduce((sum, piece) => sum + piece.length, 0)
    link.sendBulk(frame)
    for (let ms = 0; ms <= 3; ms++) {
      await until(() => expect(bytes - link.queuedBytes).toBe((1 + ms) * 2 * SLICE_BYTES))
      for (let i = 0; i < 5; i++) await small(link, b)
      expect(bytes - link.queuedBytes).toBe((1 + ms) * 2 * SLICE_BYTES)
      now += 1
    }
  })

  it('leave at full speed once no small ones do', async () => {
    const { b, link } = await linked()
    for (let i = 0; i < 10; i++) await small(link, b)
    link.sendBulk(large('large', LARGE_BYTES))
    await small(link, b)
    expect(link.queuedBytes).toBeGreaterThan(LARGE_BYTES / 2)
    now += 100
    await until(() => expect(b.values.get('large')).toHaveLength(LARGE_BYTES))
  })

  it('are not held back by as many small ones', async () => {
    const { b, link } = await linked()
    for (let i = 0; i < 50; i++) {
      link.sendBulk(large(`large ${i}`, 64 * KiB))
      await small(link, b)
    }
    await until(() => expect(b.values.size).toBe(50))
  })
})

/** Two nodes whose clock stands still. */
async function linked(): Promise<{ b: Seen; link: Link }> {
  const [a, b] = [await open(), await open()]
  const link = await a.transport.dial(b.transport.addresses)
  await until(() => expect(b.ups).toHaveLength(1))
  now = Math.ceil(performance.now())
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  return { b, link }
}

/** Sends a small frame, and waits until it has arrived. */
async function small(link: Link, { frames }: Seen): Promise<void> {
  const name = `small ${frames.length}`
  link.writer.get(1, 0, name, {})
  link.flushSoon()
  await until(() => expect(frames.some(({ key }) => key === name)).toBe(true))
}

function large(name: string, bytes: number): Uint8Array[] {
  const writer = new FrameWriter(undefined, true)
  writer.set(1, 0, name, {}, { value: new Uint8Array(bytes), contentType: '', ttlMs: 0 })
  return writer.takePieces()
}
