// Tags group entries of a namespace, to be deleted together. An entry does not carry the texts of its tags but
// the numbers of their slots: all nodes remember for each slot since when its entries are void, which takes the
// same little memory however many tags there are. Two tags may share a slot: then deleting the one deletes the
// entries of the other too, which for a cache is a miss and never a wrong value.

import { CacheMeshError } from './errors.ts'
import { LIMITS } from './limits.ts'
import { hashKey } from './placement/hash.ts'

/** Slot of a tag in a namespace, 0 to `tagSlotsMax` - 1. Throws ERR_INVALID_ARGUMENT. */
export function tagSlot(namespace: string, tag: string): number {
  if (typeof tag !== 'string' || tag === '' || tag.length > LIMITS.tagLengthMax || !tag.isWellFormed()) {
    throw new CacheMeshError(
      'ERR_INVALID_ARGUMENT',
      `A tag is a text of 1 to ${LIMITS.tagLengthMax} characters, not ${JSON.stringify(tag)?.slice(0, 60)}`,
    )
  }
  return hashKey(`${namespace}\0${tag}`) % LIMITS.tagSlotsMax
}

/** The slots of an entry's tags, each once, in order. Throws ERR_INVALID_ARGUMENT. */
export function tagSlots(namespace: string, tags: readonly string[]): readonly number[] {
  if (!Array.isArray(tags) || tags.length > LIMITS.tagsMax) {
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', `An entry has a list of up to ${LIMITS.tagsMax} tags`)
  }
  const slots = new Set(tags.map(tag => tagSlot(namespace, tag)))
  return [...slots].sort((a, b) => a - b)
}
