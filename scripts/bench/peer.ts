// The process that answers: a node of the mesh that owns all keys, or an echo. It ends with its parent.

import { createNode } from 'cachemesh'
import { listenPlain, listenSecure } from './channels.ts'
import type { Encryption } from './options.ts'

export type PeerOptions =
  | { readonly kind: 'echo in plaintext' }
  | { readonly kind: 'echo'; readonly encryption: Encryption }
  | {
      readonly kind: 'mesh'
      readonly encryption: Encryption
      readonly memory: string
      /** Of a mesh with more than one owner: its name, and those that are there already. */
      readonly mesh?: string
      readonly seeds?: readonly string[]
    }

/** Where the peer listens, and who it is in the mesh. */
export interface PeerAddress {
  readonly address: string
  readonly id: string
}

async function listen(options: PeerOptions): Promise<PeerAddress> {
  if (options.kind === 'echo in plaintext') return { address: (await listenPlain()).address, id: '' }
  const { encryption } = options
  if (options.kind === 'echo') return { address: (await listenSecure(encryption)).address, id: '' }
  const { memory, mesh = `bench-${encryption}`, seeds = [] } = options
  const node = await createNode({ mesh, encryption, memory, seeds: [...seeds] })
  return { address: node.addresses[0] as string, id: node.id }
}

process.on('disconnect', () => process.exit())
process.send?.(await listen(JSON.parse(process.argv[2] as string) as PeerOptions))
