// The read replicas of a database, kept by the services that read from them. Each service is a member of one mesh; the
// list of replicas with their weights is a part of the configuration that all members agree on. Who brings a replica
// names itself beside it: when that service dies the mesh removes it, and nobody reads from its replica any more.
//
//   node docs/examples/read-replicas.ts                    prints the address at which others find it
//   node docs/examples/read-replicas.ts 127.0.0.1:41234    joins it
//
// Then type: `add NAME URL WEIGHT`, `remove NAME`, or `quit`. Each line that is printed is the list as it is from now on.

import { createInterface } from 'node:readline'
import { type ConfigurationView, createMembership, livingMembers, type Membership } from 'cachemesh'

interface Replica {
  readonly url: string
  /** How many of the reads go there, relative to the others. */
  readonly weight: number
  /** The member that brought it. */
  readonly member: string
}

const PREFIX = 'orders/'

/** The replicas whose service is in the mesh, by name. */
function replicasIn(configuration: ConfigurationView): Map<string, Replica> {
  const alive = new Set(livingMembers(configuration).map(({ id }) => id))
  const found = Object.entries(configuration.stores)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, store]): [string, Replica] => [name.slice(PREFIX.length), store as Replica])
    .filter(([, { member }]) => alive.has(member))
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The part of all reads that each replica gets: all services compute the same. */
function sharesOf(replicas: ReadonlyMap<string, Replica>): string {
  const total = [...replicas.values()].reduce((sum, { weight }) => sum + weight, 0)
  const shares = [...replicas].map(([name, { weight }]) => `${name} ${Math.round((100 * weight) / total)}%`)
  return shares.join(', ') || 'none'
}

async function obey(service: Membership, line: string): Promise<void> {
  const [command, name, url, weight] = line.trim().split(/\s+/)
  if (command === 'quit') await service[Symbol.asyncDispose]()
  if (command === 'add') {
    const replica: Replica = { url: url ?? '', weight: Number(weight), member: service.id }
    // One name for each replica: two services that add one at the same moment do not overwrite each other.
    await service.mesh.update({ stores: { [PREFIX + name]: replica } })
  }
  if (command === 'remove') await service.mesh.update({ stores: { [PREFIX + name]: null } })
}

const service = await createMembership({ mesh: 'orders-replicas', seeds: process.argv.slice(2) })
console.log(`listening at ${service.addresses[0]}`)

const commands = createInterface(process.stdin)
commands.on('line', line => {
  obey(service, line).catch(error => console.error(error.message))
})
commands.once('close', () => service[Symbol.asyncDispose]())

let before = ''
for await (const configuration of service.mesh.watch()) {
  const now = `${livingMembers(configuration).length} services, replicas: ${sharesOf(replicasIn(configuration))}`
  if (now !== before) console.log(now)
  before = now
}
commands.close()
