// Addresses as people write them (HOST:PORT) and as peers exchange them (TCP multiaddrs), one form inside.
// Nothing here opens a socket; names are looked up only by `resolveAddress`.

import { lookup } from 'node:dns/promises'
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { CacheMeshError, LIMITS } from '@cachemesh/protocol'
import { peerIdFromString } from '@libp2p/peer-id'

export interface Address {
  /** An IPv4 or IPv6 address without brackets, or a DNS name. */
  readonly host: string
  /** 0 asks for a free port and makes sense for listening only. */
  readonly port: number
  /** The peer id that the address names, if it names one. */
  readonly peer: string | undefined
  /** The same address as a multiaddr. */
  readonly multiaddr: string
}

const MULTIADDR = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/p2p\/([^/]+))?$/
const BRACKETED = /^\[([^\]]+)\]:(\d{1,5})$/
const HOST_PORT = /^([^:[\]/\s]+):(\d{1,5})$/
const DNS_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT` or `/ip4|ip6|dns|dns4|dns6/HOST/tcp/PORT[/p2p/ID]`.
 *
 * @throws ERR_INVALID_ADDRESS for anything else.
 */
export function parseAddress(text: string): Address {
  if (typeof text !== 'string' || text.length > LIMITS.addressLengthMax) throw invalid(text)
  const multi = MULTIADDR.exec(text)
  if (multi !== null) {
    const [, protocol, host, port, peer] = multi as unknown as [string, string, string, string, string?]
    if (protocol === 'ip4' ? !isIPv4(host) : protocol === 'ip6' ? !isIPv6(host) : isIP(host) !== 0) {
      throw invalid(text)
    }
    return formed(text, host, port, peer)
  }
  const plain = BRACKETED.exec(text) ?? HOST_PORT.exec(text)
  if (plain === null) throw invalid(text)
  const [, host, port] = plain as unknown as [string, string, string]
  if (text.startsWith('[') && !isIPv6(host)) throw invalid(text)
  return formed(text, host, port, undefined)
}

/** True when nobody but this machine can be behind the host. A name never counts, not even `localhost`. */
export function isLoopback(host: string): boolean {
  const ip = host.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  return isIPv4(ip) ? ip.startsWith('127.') : ip === '::1' || ip === '0:0:0:0:0:0:0:1'
}

/**
 * The address with its name replaced by what the name resolves to now, one address for each. An address that
 * holds an IP already comes back as it is. Rejects with the resolver's own error.
 */
export async function resolveAddress(address: Address): Promise<Address[]> {
  if (isIP(address.host) !== 0) return [address]
  const version = /^\/dns([46])\//.exec(address.multiaddr)?.[1]
  const found = await lookup(address.host, { all: true, family: version === undefined ? 0 : Number(version) })
  return found.map(({ address: ip }) => withHost(address, ip))
}

/** The multiaddr of an IP and a port. */
export function multiaddrOf(ip: string, port: number): string {
  return `/${isIPv4(ip) ? 'ip4' : 'ip6'}/${ip}/tcp/${port}`
}

function withHost(address: Address, ip: string): Address {
  const { port, peer } = address
  const multiaddr = multiaddrOf(ip, port) + (peer === undefined ? '' : `/p2p/${peer}`)
  return { host: ip, port, peer, multiaddr }
}

function formed(text: string, host: string, portText: string, peer: string | undefined): Address {
  const port = Number(portText)
  if (port > 0xffff) throw invalid(text)
  if (isIP(host) === 0 && (!DNS_NAME.test(host) || /^[\d.]+$/.test(host))) throw invalid(text)
  if (peer !== undefined && !isPeerId(peer)) throw invalid(text)
  if (text.startsWith('/')) return { host, port, peer, multiaddr: text }
  const multiaddr = isIP(host) === 0 ? `/dns/${host}/tcp/${port}` : multiaddrOf(host, port)
  return { host, port, peer, multiaddr }
}

function isPeerId(text: string): boolean {
  if (text.length > LIMITS.nodeIdBytesMax) return false
  try {
    peerIdFromString(text)
    return true
  } catch {
    return false
  }
}

function invalid(text: string): CacheMeshError {
  const shown = typeof text === 'string' ? JSON.stringify(text.slice(0, 100)) : String(text)
  return new CacheMeshError(
    'ERR_INVALID_ADDRESS',
    `${shown} is not an address; write HOST:PORT, [IPV6]:PORT or /ip4/ADDRESS/tcp/PORT`,
  )
}
