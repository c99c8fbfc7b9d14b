// A node in a ring of any size without a network: the parts of an embedded node that a get of an own key
// passes, put together as the runtime does, over a configuration that names members which do not exist.

import { Calls, NodeCore } from '@cachemesh/core'
import { author, Configuration, hashKey, type Member, memberRecord } from '@cachemesh/protocol'
import { Namespace } from '../../packages/node/src/namespace.ts'
import { Requests } from '../../packages/node/src/requests/requests.ts'
import { Sweeps } from '../../packages/node/src/requests/sweeps.ts'
import type { Runtime } from '../../packages/node/src/runtime.ts'
import { instant } from '../../packages/node/src/time.ts'

const MESH = 'bench'
const TIMEOUT_MS = 5_000
const STEP_MS = 100

export interface RingNode {
  /** Positions of all members on the ring. */
  readonly positions: number
  readonly keys: Namespace
  owns(key: string): boolean
}

export function ringNode(members: number, cacheBytes: number): RingNode {
  const others = Array.from({ length: members - 1 }, (_, index) => memberRecord(member(`other-${index}`)))
  const remembered = author(Configuration.empty(MESH), others, Date.now())
  const options = { id: 'own', meshId: MESH, seeds: [], cacheBytes, randomSeed: 1, remembered }
  const { addresses, gateways, weight, zone, software } = member('own')
  const core = new NodeCore(options, instant())
  core.step({ kind: 'attributes', attributes: { addresses, gateways, weight, zone, software } }, instant())
  // A node that remembers a mesh joins when the time to find the others is over, and waits a while for what they may have.
  // In small steps: after a pause it would have to prove to them that it is still a member, and they do not exist.
  for (let { now, wall } = instant(); core.state === 'joining' || core.replication.cold; ) {
    now += STEP_MS
    wall += STEP_MS
    core.step({ kind: 'tick' }, { now, wall })
  }
  const calls = new Calls(core, { links: new Map(), link: () => undefined, open: () => false })
  const limits = { timeoutMs: TIMEOUT_MS }
  const requests = new Requests({ core, calls, sweeps: new Sweeps(calls), limits })
  return {
    positions: core.placement.ring.size,
    keys: new Namespace({ core, requests } as unknown as Runtime, 'default'),
    owns: key => core.placement.owns(hashKey(key)),
  }
}

function member(id: string): Member {
  const addresses = ['/ip4/127.0.0.1/tcp/1']
  return {
    id,
    incarnation: 1,
    state: 'active',
    since: 1,
    addresses,
    gateways: {},
    weight: 1,
    zone: '',
    software: 'bench',
  }
}
