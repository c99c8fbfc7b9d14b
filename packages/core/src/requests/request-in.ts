// What a frame asks for, checked, in memory of its own.

import {
  alterationOf,
  CacheMeshError,
  checkValue,
  type EntryBody,
  type FillBody,
  type Frame,
  hashKey,
  KIND,
  type OperationName,
} from '@cachemesh/protocol'
import type { KeyRequest } from './call.ts'

/** The request of a frame whose target was read. Throws ERR_MALFORMED_FRAME, or what `checkValue` throws. */
export function requestIn(frame: Frame, key: string, hash: number): KeyRequest {
  switch (frame.kind) {
    case KIND.get:
      return { kind: 'get', key, hash }
    case KIND.delete:
      return { kind: 'delete', key, hash }
    case KIND.set:
      return { kind: 'set', key, hash, entry: ownEntry(frame.entry(), frame.owned) }
    case KIND.alter:
      return alterIn(frame, key, hash)
    case KIND.load:
      return { kind: 'load', key, hash, wish: frame.wish() }
    case KIND.fill:
      return { kind: 'fill', key, hash, fill: ownFill(frame) }
    case KIND.release:
      return { kind: 'release', key, hash, release: frame.release() }
    case KIND.invalidate:
      return { kind: 'invalidate', key, hash, version: frame.version() }
    default:
      throw new CacheMeshError(
        'ERR_MALFORMED_FRAME',
        `A request of kind ${frame.kind} is unknown to this version`,
      )
  }
}

export function isBatchFrame({ kind }: Frame): boolean {
  return kind === KIND.getMany || kind === KIND.setMany || kind === KIND.deleteMany
}

/** Those of a batch, in its order. */
export function requestsIn(frame: Frame): KeyRequest[] {
  if (frame.kind !== KIND.setMany) {
    const kind = frame.kind === KIND.getMany ? 'get' : 'delete'
    return frame.keys().map(key => ({ kind, key, hash: hashKey(key) }))
  }
  return frame.writes().map(({ key, tags, entry: written }) => {
    const hash = hashKey(key)
    const entry = ownEntry(written, false)
    if (tags.length === 0) return { kind: 'set', key, hash, entry }
    return { kind: 'alter', key, hash, alteration: alterationOf('set', { entry, tags }) }
  })
}

const REPLACING: readonly OperationName[] = ['set', 'add', 'replace']

function alterIn(frame: Frame, key: string, hash: number): KeyRequest {
  const alteration = frame.alteration()
  const { operation, entry } = alteration
  // What has no value of its own, such as a touch, has nothing to check or to keep.
  if (entry.value.length === 0 && !REPLACING.includes(operation)) {
    return { kind: 'alter', key, hash, alteration }
  }
  return { kind: 'alter', key, hash, alteration: { ...alteration, entry: ownEntry(entry, frame.owned) } }
}

function ownEntry(entry: EntryBody, owned: boolean): EntryBody {
  checkValue(entry.value, entry.contentType)
  return kept(entry, owned)
}

function ownFill(frame: Frame): FillBody {
  const fill = frame.fill()
  if (fill.kind !== 'absent') checkValue(fill.entry.value, fill.entry.contentType)
  return { ...fill, entry: kept(fill.entry, frame.owned) }
}

function kept({ value, contentType, ttlMs }: EntryBody, owned: boolean): EntryBody {
  return { value: owned ? value : new Uint8Array(value), contentType, ttlMs }
}
