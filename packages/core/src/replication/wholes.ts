/**
 * Of which members this node has all that it should have: a transfer from each was whole since entries may have had to
 * move between the two. Until then there may be something here from when this node held the key before, or was
 * asked to keep it for a while, and others have written it since.
 */
export class Wholes {
  readonly #by = new Map<string, number>()
  #ring = 0

  /** A transfer was whole. `ring`: the fingerprint of the ring that both sides went by. */
  met(peer: string, ring: number): void {
    this.#by.set(peer, ring)
  }

  /** There is another ring now, by which entries may have to move between this node and these. */
  follow(ring: number, moving: readonly string[]): void {
    for (const [peer, by] of this.#by) {
      if (moving.includes(peer)) this.#by.delete(peer)
      else if (by === this.#ring) this.#by.set(peer, ring)
    }
    this.#ring = ring
  }

  has(peer: string, ring: number): boolean {
    return this.#by.get(peer) === ring
  }
}
