export { type Address, isLoopback, parseAddress } from './address.ts'
export { ANNOUNCEMENT_BYTES_MAX } from './announcements.ts'
export type { DialOptions } from './dialer.ts'
export { writeDurably } from './durable-file.ts'
export { createIdentity, type Identity, identityFrom, identityToBytes, loadIdentity } from './identity.ts'
export type { Encryption } from './libp2p-node.ts'
export type { Link } from './link.ts'
export {
  createTransport,
  type Transport,
  type TransportHandlers,
  type TransportOptions,
} from './transport.ts'
