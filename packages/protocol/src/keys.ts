// A key lives in a namespace. Both become one string, the qualified key: it is what is hashed, stored
// and sent. Keys of the namespace `default` are themselves; others are `\0namespace\0key`. A default
// key that begins with \0 takes the long form too, so no two (namespace, key) pairs ever share one.

import { CacheMeshError } from './errors.ts'
import { LIMITS } from './limits.ts'
import { hashAscii, hashKey } from './placement/hash.ts'

export const DEFAULT_NAMESPACE = 'default'

const NAMESPACE = /^[A-Za-z0-9._-]{1,64}$/
const LONG_FORM = /^\0([A-Za-z0-9._-]{1,64})\0(.+)$/s

/** What to put before a key of this namespace. Throws ERR_INVALID_NAMESPACE. */
export function keyPrefix(namespace: string): string {
  if (typeof namespace !== 'string' || !NAMESPACE.test(namespace)) {
    const shown = typeof namespace === 'string' ? show(namespace) : `of type ${typeof namespace}`
    throw new CacheMeshError(
      'ERR_INVALID_NAMESPACE',
      `Namespace ${shown} is not 1 to ${LIMITS.namespaceLengthMax} characters of A-Z a-z 0-9 . _ -`,
    )
  }
  return namespace === DEFAULT_NAMESPACE ? '' : `\0${namespace}\0`
}

/** The qualified key, from a prefix of {@link keyPrefix}. Throws ERR_INVALID_KEY. */
export function qualifyKey(prefix: string, key: string): string {
  const qualified = prefixKey(prefix, key)
  checkWellFormed(qualified)
  return qualified
}

/** As {@link qualifyKey}, for those who have it hashed by {@link hashQualified}, which looks at each character anyway. */
export function prefixKey(prefix: string, key: string): string {
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
  return qualified
}

/** Hash of a qualified key. Throws ERR_INVALID_KEY, as {@link qualifyKey} does, for half of a surrogate pair. */
export function hashQualified(qualified: string): number {
  const hash = hashAscii(qualified)
  if (hash >= 0) return hash
  checkWellFormed(qualified)
  return hashKey(qualified)
}

function checkWellFormed(qualified: string): void {
  if (qualified.isWellFormed()) return
  throw invalid(`Key ${show(splitKey(qualified).key)} holds half of a surrogate pair`)
}

/** The inverse of {@link qualifyKey}. Throws ERR_INVALID_KEY for what that never makes. */
export function splitKey(qualified: string): { namespace: string; key: string } {
  if (qualified === '') throw invalid('A key has at least one character')
  if (qualified.charCodeAt(0) !== 0) return { namespace: DEFAULT_NAMESPACE, key: qualified }
  const [, namespace, key] = LONG_FORM.exec(qualified) ?? []
  // A second spelling of one key would be a second key, with a hash and an owner of its own.
  if (namespace === undefined || key === undefined || (namespace === DEFAULT_NAMESPACE && key[0] !== '\0'))
    throw invalid(`${show(qualified)} is not a key in a namespace`)
  return { namespace, key }
}

/** The namespace of a qualified key, without a look at the rest of it. */
export function namespaceOf(qualified: string): string {
  return qualified.charCodeAt(0) === 0 ? qualified.slice(1, qualified.indexOf('\0', 1)) : DEFAULT_NAMESPACE
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

function show(key: string): string {
  const text = JSON.stringify(key)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
