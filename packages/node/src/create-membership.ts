import { Membership } from './membership.ts'
import { type MembershipOptions, readMembershipOptions } from './options/options.ts'
import { start } from './start.ts'

/**
 * Starts a member of a mesh in this process that caches nothing: for services that have to know who else is there and
 * to agree on one configuration. It may be in one mesh with nodes that cache; it owns no keys.
 *
 * Resolves when the others know it, or when no seed has answered for some seconds: it is alone then, and keeps
 * trying. Throws as {@link createNode} does.
 *
 * @example
 * const member = await createMembership({ mesh: 'replicas', seeds: ['10.0.0.5:7500'], listen: '0.0.0.0:7500', keyFile })
 * await member.mesh.update({ stores: { 'orders/replica-2': { url: 'postgres://10.0.0.7/orders', weight: 2 } } })
 * for await (const { stores, members } of member.mesh.watch()) console.log(stores, members)
 */
export async function createMembership(options: MembershipOptions = {}): Promise<Membership> {
  const settings = await readMembershipOptions(options)
  return start({ settings, make: started => new Membership(started) })
}
