import { createIdentity, type Identity, identityFrom, identityToBytes } from '@cachemesh/libp2p'
import { CacheMeshError } from '@cachemesh/protocol'
import { type Place, reasonOf } from './kept.ts'
import type { MemberStorage } from './member-storage.ts'

/** A program's own storage as the place where its member keeps what it knows. */
export function placeIn(storage: MemberStorage): Place {
  return {
    storage,
    nameOf: name => `${name} in the storage`,
    loadIdentity: () => loadIdentity(storage),
    close: async () => {},
  }
}

async function loadIdentity(storage: MemberStorage): Promise<Identity> {
  try {
    const found = await storage.load('identity')
    if (found !== undefined) return identityFrom(found)
    // A member that will not know itself again is better not begun: it would be a stranger after each restart.
    const made = await createIdentity()
    await storage.save('identity', identityToBytes(made))
    return made
  } catch (cause) {
    throw new CacheMeshError('ERR_IDENTITY', `identity in the storage cannot be used (${reasonOf(cause)})`, {
      cause,
    })
  }
}
