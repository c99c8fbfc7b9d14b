// Where a node listens, and which addresses it tells others. Protected mode is enforced here for listening.

import { networkInterfaces } from 'node:os'
import { CacheMeshError } from '@cachemesh/protocol'
import { type Address, isLoopback, multiaddrOf, parseAddress, resolveAddress } from './address.ts'

/** The addresses to listen on, names resolved. Without a key only loopback passes: ERR_PROTECTED_MODE. */
export async function listenAddresses(texts: readonly string[], keyless: boolean): Promise<Address[]> {
  const resolved = await Promise.all(texts.map(text => resolveListen(parseAddress(text))))
  const addresses = resolved.flat()
  const open = addresses.find(({ host }) => keyless && !isLoopback(host))
  if (open !== undefined) throw protectedMode(`listen on ${shown(open)}`)
  return addresses
}

/** `bound` are the multiaddrs that the listeners report; a wildcard stands for the machine's own addresses. */
export function reachableAddresses(bound: readonly string[]): string[] {
  const found = new Set<string>()
  for (const text of bound) {
    const { host, port } = parseAddress(text)
    const ips = host === '0.0.0.0' ? own('IPv4') : host === '::' ? own('IPv6') : [host]
    for (const ip of ips) found.add(multiaddrOf(ip, port))
  }
  return [...found]
}

export function protectedMode(what: string): CacheMeshError {
  return new CacheMeshError(
    'ERR_PROTECTED_MODE',
    `A node without a mesh key talks on loopback addresses only, so it will not ${what}; make a key with \`cachemesh key\` and give it to every node (--key-file, or the option \`key\`)`,
  )
}

/** Turns what libp2p says about listeners that failed into a typed error. */
export function listenError(cause: unknown, addresses: readonly Address[]): CacheMeshError {
  const text = cause instanceof Error ? cause.message : String(cause)
  const all = addresses.map(shown).join(', ')
  const named = /(?:EADDRINUSE|EADDRNOTAVAIL|EACCES)[^\n]* (\S+:\d+)/.exec(text)?.[1] ?? all
  if (text.includes('EADDRINUSE')) {
    const message = `Another program listens on ${named}; stop it, or choose another port (port 0 takes a free one)`
    return new CacheMeshError('ERR_ADDRESS_IN_USE', message, { cause })
  }
  const why = text.includes('EADDRNOTAVAIL')
    ? 'this machine has no such address'
    : text.includes('EACCES')
      ? 'this user may not listen there'
      : text
  return new CacheMeshError('ERR_INVALID_ADDRESS', `Cannot listen on ${named}: ${why}`, { cause })
}

async function resolveListen(address: Address): Promise<Address[]> {
  if (address.peer !== undefined) {
    throw new CacheMeshError(
      'ERR_INVALID_ADDRESS',
      `${address.multiaddr} names a peer; an address to listen on has none`,
    )
  }
  try {
    return await resolveAddress(address)
  } catch (cause) {
    const message = `Cannot listen on ${shown(address)}: the name has no address on this machine`
    throw new CacheMeshError('ERR_INVALID_ADDRESS', message, { cause })
  }
}

/** Loopback would lead others to themselves, so it is told only where there is nothing else. */
function own(family: 'IPv4' | 'IPv6'): string[] {
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  const usable = all.filter(one => one.family === family && !/^fe80:/i.test(one.address))
  const outward = usable.filter(one => !one.internal)
  return (outward.length > 0 ? outward : usable).map(one => one.address)
}

export function shown({ host, port }: Pick<Address, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
