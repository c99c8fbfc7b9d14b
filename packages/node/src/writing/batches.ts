// Many keys at once: those of one owner travel together, and each has an end of its own.

import type { KeyRequest } from '@cachemesh/core'
import { Lookup, OwnWrite, type WriteResult } from '@cachemesh/core'
import { alterationOf, CacheMeshError, hashKey } from '@cachemesh/protocol'
import { valueIn } from '../requests/found-value.ts'
import type { TogetherParts } from '../requests/requests.ts'
import type { NamespaceContext } from './namespace-context.ts'
import { type WriteResult as Result, resultOf, type Settled } from './results.ts'
import type { SetOptions } from './set-options.ts'

export class Batches<T> {
  readonly #context: NamespaceContext

  constructor(context: NamespaceContext) {
    this.#context = context
  }

  get(keys: Iterable<string>): Promise<Map<string, Settled<T | undefined>>> {
    return this.#settle(keys, (key, settle, parts) => {
      const resolve = (value: unknown) => settle({ value: value as T | undefined })
      const reject = (error: unknown) => settle({ error: asError(error) })
      return new Lookup({ ...parts, ...this.#place(key), take: valueIn, resolve, reject })
    })
  }

  set(entries: Iterable<readonly [string, T]>, options: SetOptions): Promise<Map<string, Settled<Result>>> {
    const ttlMs = this.#context.ttlMs(options)
    const tags = this.#context.slots(options)
    const values = new Map(entries)
    return this.#write(
      values.keys(),
      key => {
        const entry = { ...this.#context.encode(values.get(key)), ttlMs }
        if (tags.length === 0) return { kind: 'set', ...this.#place(key), entry }
        return { kind: 'alter', ...this.#place(key), alteration: alterationOf('set', { entry, tags }) }
      },
      resultOf,
    )
  }

  delete(keys: Iterable<string>): Promise<Map<string, Settled<boolean>>> {
    return this.#write(
      keys,
      key => ({ kind: 'delete', ...this.#place(key) }),
      ({ existed }) => existed,
    )
  }

  #write<R>(
    keys: Iterable<string>,
    requestFor: (key: string) => KeyRequest,
    result: (written: WriteResult) => R,
  ): Promise<Map<string, Settled<R>>> {
    return this.#settle<R>(keys, (key, settle, parts) => {
      const resolve = (written: WriteResult) => settle({ value: result(written) })
      const reject = (error: unknown) => settle({ error: asError(error) })
      return new OwnWrite({ ...parts, request: requestFor(key), resolve, reject })
    })
  }

  #place(key: string): { readonly key: string; readonly hash: number } {
    const qualified = this.#context.qualify(key)
    return { key: qualified, hash: hashKey(qualified) }
  }

  /** Each key once. A key or value that cannot be is an end like any other: the others hold all the same. */
  #settle<R>(
    keys: Iterable<string>,
    callFor: (
      key: string,
      settle: (end: Settled<R>) => void,
      parts: TogetherParts,
    ) => Lookup<unknown> | OwnWrite,
  ): Promise<Map<string, Settled<R>>> {
    const ends = new Map<string, Settled<R>>()
    const asked = new Set(keys)
    return new Promise(resolve => {
      let open = asked.size
      if (open === 0) resolve(ends)
      this.#context.runtime.requests.together(parts => {
        const calls: (Lookup<unknown> | OwnWrite)[] = []
        for (const key of asked) {
          // The answers come in any order; the result has that of the keys.
          ends.set(key, PENDING)
          const settle = (end: Settled<R>): void => {
            ends.set(key, end)
            if (--open === 0) resolve(ends)
          }
          try {
            calls.push(callFor(key, settle, parts))
          } catch (error) {
            settle({ error: asError(error) })
          }
        }
        return calls
      })
    })
  }
}

const PENDING: { readonly error: CacheMeshError } = {
  error: new CacheMeshError('ERR_INTERNAL', 'A key of a batch has no answer yet'),
}

function asError(error: unknown): CacheMeshError {
  if (error instanceof CacheMeshError) return error
  return new CacheMeshError('ERR_INTERNAL', 'A key of a batch could not be handled', { cause: error })
}
