// Where the gateway listens, and at which URL others find it.

import { lookup } from 'node:dns/promises'
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { CacheMeshError } from '@cachemesh/protocol'

export interface ListenAddress {
  /** An IP address. */
  readonly host: string
  readonly port: number
  /** The host as it was given: an IP address or a name. */
  readonly name: string
}

const BRACKETED = /^\[([^\]]+)\]:(\d{1,5})$/
const HOST_PORT = /^([^:[\]/\s]+):(\d{1,5})$/
const MULTIADDR_HOST = /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\//

/** Reads `HOST:PORT` or `[IPV6]:PORT` and looks a name up. Throws ERR_INVALID_ADDRESS. */
export async function readListenAddress(text: string): Promise<ListenAddress> {
  const match = typeof text === 'string' ? (BRACKETED.exec(text) ?? HOST_PORT.exec(text)) : null
  const name = match?.[1] ?? ''
  const port = Number(match?.[2])
  if (match === null || port > 0xffff || (text.startsWith('[') && !isIPv6(name))) {
    throw new CacheMeshError(
      'ERR_INVALID_ADDRESS',
      `${JSON.stringify(text)} is not an address; write HOST:PORT or [IPV6]:PORT, port 0 for a free one`,
    )
  }
  if (isIP(name) !== 0) return { host: name, port, name }
  try {
    // `localhost` is IPv4 to most programs that will call.
    const { address } = await lookup(name, { order: 'ipv4first' })
    return { host: address, port, name }
  } catch (cause) {
    throw new CacheMeshError('ERR_INVALID_ADDRESS', `The host ${name} of ${text} has no address`, { cause })
  }
}

/** The typed error for a socket that could not listen. */
export function listenError(text: string, cause: unknown): CacheMeshError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new CacheMeshError(
      'ERR_ADDRESS_IN_USE',
      `Another program listens on ${text}; stop it, or choose another port (port 0 takes a free one)`,
      { cause },
    )
  }
  const why =
    code === 'EADDRNOTAVAIL'
      ? 'this machine has no such address'
      : code === 'EACCES'
        ? 'this user may not listen there'
        : message
  return new CacheMeshError('ERR_INVALID_ADDRESS', `Cannot listen on ${text}: ${why}`, { cause })
}

/** True when nobody but this machine can be behind the IP address. */
export function isLoopback(host: string): boolean {
  const ip = host.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  return isIPv4(ip) ? ip.startsWith('127.') : ip === '::1'
}

/**
 * A host at which a socket bound to `host` is reached. A wildcard stands for all addresses of the machine: the
 * one that the node tells its peers is known to reach it, so it comes first.
 */
export function reachableHost(host: string, nodeAddresses: readonly string[]): string {
  if (host !== '0.0.0.0' && host !== '::') return host
  const told = hostsOf(nodeAddresses).find(one => isIP(one) === 0 || isIPv4(one) || host === '::')
  return told ?? ownAddress() ?? '127.0.0.1'
}

/** Whether the node's peers can all be on this machine only. */
export function onLoopbackOnly(nodeAddresses: readonly string[]): boolean {
  return hostsOf(nodeAddresses).every(isLoopback)
}

export function urlOf(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

function hostsOf(multiaddrs: readonly string[]): string[] {
  return multiaddrs.flatMap(address => MULTIADDR_HOST.exec(address)?.[1] ?? [])
}

function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  return all.find(one => one.family === 'IPv4' && !one.internal)?.address
}
