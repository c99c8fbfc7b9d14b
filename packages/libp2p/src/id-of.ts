/**
 * The id of a peer as text in memory of its own. libp2p cuts it from a longer one, and a string that is part of another is
 * slow to compare; ids are compared for each request.
 */
export function idOf(peer: { toString(): string }): string {
  return Buffer.from(peer.toString(), 'latin1').toString('latin1')
}
