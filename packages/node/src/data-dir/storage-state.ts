/**
 * Whether what a node knows would survive a restart. `none`: it is in memory only. `failing`: the disk takes nothing; a
 * restart would know what it took last. (Beside no other code: it is in the public types, and those name no libp2p.)
 */
export type StorageState = 'none' | 'kept' | 'failing'
