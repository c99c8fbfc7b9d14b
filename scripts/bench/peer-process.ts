import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { PeerAddresses, PeerOptions } from './peer.ts'

export interface PeerProcess {
  readonly addresses: PeerAddresses
  close(): Promise<void>
}

/** Starts the other process; resolves when everything in it listens. */
export async function startPeer(options: PeerOptions): Promise<PeerProcess> {
  const child = fork(join(import.meta.dirname, 'peer.ts'), [JSON.stringify(options)], {
    execArgv: process.execArgv,
  })
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The other process ended with ${code} before it listened`)
  })
  const [addresses] = (await Promise.race([once(child, 'message'), failed])) as [PeerAddresses]
  failed.catch(() => {})
  return {
    addresses,
    close: async () => {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}
