// Real transports on 127.0.0.1 for tests, with a record of what reached their handlers.

import { type CacheMeshError, type Frame, KIND } from '@cachemesh/protocol'
import { createIdentity } from '../identity.ts'
import type { Link } from '../link.ts'
import {
  createTransport,
  type Transport,
  type TransportHandlers,
  type TransportOptions,
} from '../transport.ts'

export interface Seen {
  readonly transport: Transport
  readonly ups: Link[]
  readonly downs: { link: Link; reason: CacheMeshError }[]
  readonly frames: { from: string; kind: number; key: string }[]
  /** Values of `set` frames, by key. */
  readonly values: Map<string, Uint8Array>
  readonly announcements: string[]
  readonly refused: CacheMeshError[]
  readonly duplicates: CacheMeshError[]
}

const opened: Transport[] = []

export const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

export async function open(
  options: Partial<TransportOptions> = {},
  handlers: Partial<TransportHandlers> = {},
): Promise<Seen> {
  const seen: Omit<Seen, 'transport'> = {
    ups: [],
    downs: [],
    frames: [],
    values: new Map(),
    announcements: [],
    refused: [],
    duplicates: [],
  }
  const transport = await createTransport({
    meshId: 'test',
    keys: [key(1)],
    identity: await createIdentity(),
    listen: ['127.0.0.1:0'],
    handlers: {
      linkUp: link => seen.ups.push(link),
      linkDown: (link, reason) => seen.downs.push({ link, reason }),
      frame: (link, frame) => record(seen, link, frame),
      announcement: bytes => seen.announcements.push(Buffer.from(bytes).toString()),
      refused: reason => seen.refused.push(reason),
      duplicate: reason => seen.duplicates.push(reason),
      ...handlers,
    },
    ...options,
  })
  opened.push(transport)
  await transport.listen()
  return { transport, ...seen }
}

export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map(transport => transport.close()))
}

function record({ frames, values }: Omit<Seen, 'transport'>, link: Link, frame: Frame): void {
  const { key } = frame.target()
  frames.push({ from: link.peer, kind: frame.kind, key })
  if (frame.kind === KIND.set) values.set(key, frame.entry().value.slice())
}
