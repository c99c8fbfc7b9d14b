/**
 * Fetches a value that is not in the mesh, from a database for example. `undefined` says that there is none; it is not
 * cached.
 */
export type Load<T> = (key: string) => Promise<T | undefined> | T | undefined
