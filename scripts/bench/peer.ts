// The other process of `remote`: a node of each mesh, and an echo on each channel. It ends with its parent.

import { createNode } from 'cachemesh'
import { listenPlain, listenSecure } from './channels.ts'
import type { Encryption } from './options.ts'

export interface PeerOptions {
  readonly encryptions: readonly Encryption[]
  readonly memory: string
}

/** Where the peer listens: for the mesh, and for an echo, of each encryption. */
export interface PeerAddresses {
  readonly plainEcho: string
  readonly secure: Readonly<
    Record<string, { readonly node: string; readonly id: string; readonly echo: string }>
  >
}

async function listen({ encryptions, memory }: PeerOptions): Promise<PeerAddresses> {
  const secure: Record<string, PeerAddresses['secure'][string]> = {}
  for (const encryption of encryptions) {
    const node = await createNode({ mesh: `bench-${encryption}`, encryption, memory })
    const echo = await listenSecure(encryption)
    secure[encryption] = { node: node.addresses[0] as string, id: node.id, echo: echo.address }
  }
  return { plainEcho: (await listenPlain()).address, secure }
}

process.on('disconnect', () => process.exit())
process.send?.(await listen(JSON.parse(process.argv[2] as string) as PeerOptions))
