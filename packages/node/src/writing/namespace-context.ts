// What the methods of a namespace share: how its keys, options and values become what the mesh takes.

import { checkSize } from '@cachemesh/core'
import {
  CacheMeshError,
  type EncodedValue,
  encodeValue,
  encodeView,
  keyPrefix,
  LIMITS,
  prefixKey,
  qualifyKey,
  tagSlots,
} from '@cachemesh/protocol'
import { type Duration, parseDuration } from '../options/duration.ts'
import type { Runtime } from '../runtime.ts'

export class NamespaceContext {
  readonly runtime: Runtime
  readonly name: string
  readonly #prefix: string
  readonly #ttlMs: number | undefined

  /** `ttl`: what its entries have for want of another. Throws ERR_INVALID_NAMESPACE, ERR_INVALID_TTL. */
  constructor(runtime: Runtime, name: string, ttl: Duration | undefined) {
    this.runtime = runtime
    this.name = name
    this.#prefix = keyPrefix(name)
    this.#ttlMs = ttl === undefined ? undefined : parseDuration(ttl)
  }

  /** Throws ERR_INVALID_KEY. */
  qualify(key: string): string {
    return qualifyKey(this.#prefix, key)
  }

  /** As `qualify`, for those who have it hashed by `hashQualified`. */
  prefix(key: string): string {
    return prefixKey(this.#prefix, key)
  }

  /** Throws ERR_INVALID_TTL, ERR_INVALID_ARGUMENT. */
  ttlMs(options: { readonly ttl?: Duration } = {}): number {
    checkOptions(options)
    if (options.ttl !== undefined) return parseDuration(options.ttl)
    return this.#ttlMs ?? this.runtime.core.settings.in(this.name, 'ttlMs')
  }

  /** Slots of tags. Throws ERR_INVALID_ARGUMENT. */
  slots({ tags }: { readonly tags?: readonly string[] }): readonly number[] {
    return tags === undefined ? NO_SLOTS : tagSlots(this.name, tags)
  }

  /** Throws ERR_INVALID_VALUE, ERR_VALUE_TOO_LARGE. */
  encode(value: unknown): EncodedValue {
    const encoded = encodeValue(value)
    this.checkSize(encoded.value)
    return encoded
  }

  /** As `encode`, in memory that is valid until the program, or the next value, goes on. */
  encodeView(value: unknown): EncodedValue {
    const encoded = encodeView(value)
    this.checkSize(encoded.value)
    return encoded
  }

  /** Throws ERR_VALUE_TOO_LARGE. */
  checkSize(value: Uint8Array): void {
    checkSize(this.runtime.core.settings, this.name, value.length)
  }
}

const NO_SLOTS: readonly number[] = []

export function checkOptions(options: unknown): void {
  if (typeof options === 'object' && options !== null) return
  throw new CacheMeshError('ERR_INVALID_ARGUMENT', `Options are an object, not ${String(options)}`)
}

/** Throws ERR_INVALID_ARGUMENT unless it is a media type that an entry can have. */
export function checkContentType(contentType: unknown): string {
  const bytes = typeof contentType === 'string' ? Buffer.byteLength(contentType) : 0
  if (bytes > 0 && bytes <= LIMITS.contentTypeBytesMax) return contentType as string
  throw new CacheMeshError(
    'ERR_INVALID_ARGUMENT',
    `A content type has 1 to ${LIMITS.contentTypeBytesMax} bytes`,
  )
}
