import type { Duration } from '../options/duration.ts'

/** What a load, store or remove function is told besides the key. */
export interface LoadContext {
  /** Aborted when its time is over, or the node closes: nobody waits for what comes later. */
  readonly signal: AbortSignal
}

/**
 * Fetches a value that is not in the mesh, from a database for example. `undefined` says that there is none. It must not
 * read the key that it loads through the mesh: it would wait for itself.
 */
export type Load<T> = (key: string, context: LoadContext) => Promise<T | undefined> | T | undefined

/** How a namespace of this process goes together with a data store behind it. */
export interface DataStoreOptions<T> {
  /**
   * Fetches what is not in the mesh. It is called once for all callers of all nodes that wait for a key, by the process
   * that owns the key if that has a `load` for this namespace, else by the one of those who wait that asked first.
   */
  readonly load?: Load<T>
  /**
   * Puts a value into the data store, before the cache has it: `set` calls it first. When it throws, or takes longer than
   * `loadTimeout`, the key is removed from the cache, because nobody knows what the data store has now.
   */
  readonly store?: (key: string, value: T, context: LoadContext) => Promise<void> | void
  /** The same for `delete`. Without it `delete` removes keys from the cache only. */
  readonly remove?: (key: string, context: LoadContext) => Promise<void> | void
  /** How long it is remembered that the data store has nothing, ms or a text. Default: not at all. */
  readonly negativeTtl?: Duration
  /**
   * How much longer than its time to live a value may be served: while somebody loads it anew, and when that fails.
   * ms or a text. Default: not at all.
   */
  readonly staleFor?: Duration
  /** How long a caller waits for a fresh value before it takes one that is past its time, ms or a text. Default: 0. */
  readonly waitForFresh?: Duration
  /**
   * How long `load`, `store` and `remove` may take, ms or a text. A load that takes longer is given up, and the next who
   * waits loads. Callers do not wait so long: each has its own deadline. Default: 10 s.
   */
  readonly loadTimeout?: Duration
}
