/** What a member has to know after a restart. */
export type KeptName = 'identity' | 'configuration' | 'former-members'

/**
 * Where a program keeps what its member of the mesh has to know after a restart, in place of a data directory: a row of
 * a table, say. For one member, and for one process at a time. `identity` is a private key.
 */
export interface MemberStorage {
  /** What was saved last under this name; undefined when nothing was. */
  load(name: KeptName): Promise<Uint8Array | undefined>
  /**
   * Replaces what there is, as a whole: whenever the program ends, `load` gives the old or the new. One call at a
   * time for each name. While it rejects the member goes on from memory, and tries again.
   */
  save(name: KeptName, bytes: Uint8Array): Promise<void>
}
