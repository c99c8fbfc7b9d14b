// A key lives in a namespace. Both become one string, the qualified key: it is what is hashed, stored
// and sent. Keys of the namespace `default` are themselves; others are `\0namespace\0key`. A default
// key that begins with \0 takes the long form too, so no two (namespace, key) pairs ever share one.

import { CacheMeshError } from './errors.ts'
import { LIMITS } from './limits.ts'

export const DEFAULT_NAMESPACE = 'default'

const NAMESPACE = /^[A-Za-z0-9._-]{1,64}$/

/** What to put before a key of this namespace. Throws ERR_INVALID_NAMESPACE. */
export function keyPrefix(namespace: string): string {
  if (typeof namespace !== 'string' || !NAMESPACE.test(namespace)) {
    throw new CacheMeshError(
      'ERR_INVALID_NAMESPACE',
      `Namespace ${show(namespace)} is not 1 to ${LIMITS.namespaceLengthMax} characters of A-Z a-z 0-9 . _ -`,
    )
  }
  return namespace === DEFAULT_NAMESPACE ? '' : `\0${namespace}\0`
}

/** The qualified key, from a prefix of {@link keyPrefix}. Throws ERR_INVALID_KEY. */
export function qualifyKey(prefix: string, key: string): string {
  if (typeof key !== 'string') throw invalid(`A key is a string, not ${typeof key}`)
  if (key.length === 0) throw invalid('A key has at least one character')
  const qualified =
    prefix === '' && key.charCodeAt(0) === 0
      ? `\0${DEFAULT_NAMESPACE}\0${key}`
      : prefix === ''
        ? key
        : prefix + key
  // Three bytes per UTF-16 unit at most: only long keys need to be counted.
  if (qualified.length * 3 > LIMITS.keyBytesMax && utf8Length(qualified) > LIMITS.keyBytesMax) {
    throw invalid(
      `Key ${show(key)} takes ${utf8Length(qualified)} bytes; the limit is ${LIMITS.keyBytesMax}. Hash long keys first`,
    )
  }
  if (!key.isWellFormed()) throw invalid(`Key ${show(key)} holds half of a surrogate pair`)
  return qualified
}

/** The inverse of {@link qualifyKey}. */
export function splitKey(qualified: string): { namespace: string; key: string } {
  if (qualified.charCodeAt(0) !== 0) return { namespace: DEFAULT_NAMESPACE, key: qualified }
  const end = qualified.indexOf('\0', 1)
  return { namespace: qualified.slice(1, end), key: qualified.slice(end + 1) }
}

/** Bytes of a string in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    bytes += unit < 0x800 ? 1 : 2
    // A surrogate pair is two units and four bytes.
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++
  }
  return bytes
}

function invalid(message: string): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_KEY', message)
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
