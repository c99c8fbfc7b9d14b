import { type BatchWrite, type Frame, type FrameWriter, KIND } from '@cachemesh/protocol'
import type { BatchKind, Call, KeyRequest } from './call.ts'

/** About how much of a frame a request takes, whatever its way. */
export function bytesIn({ key, entry, fill, alteration, parts, carried }: KeyRequest): number {
  if (parts !== undefined) return parts.reduce((sum, part) => sum + bytesIn(part) + PART_BYTES, 0)
  const { value } = entry ?? fill?.entry ?? alteration?.entry ?? NO_ENTRY
  return key.length * 3 + value.length + (carried?.length ?? 0)
}

/** What a part of a batch has beside its key and value, at most. */
export const PART_BYTES = 300
const NO_ENTRY = { value: new Uint8Array(0) }

export function writeRequest(
  writer: FrameWriter,
  call: Call,
  { id, budgetMs }: { readonly id: number; readonly budgetMs: number },
): void {
  const { key, kind, entry, wish, fill, release, alteration, parts, carried, version } = call.request
  if (kind === 'get') writer.get(id, budgetMs, key, call)
  else if (kind === 'look') writer.replicate(id, budgetMs, key, call)
  else if (carried) writer.replicate(id, budgetMs, key, call, carried)
  else if (kind === 'delete') writer.delete(id, budgetMs, key, call)
  else if (parts) writeBatch(writer, call.request, { id, budgetMs })
  else if (alteration) writer.alter(id, budgetMs, key, call, alteration)
  else if (entry) writer.set(id, budgetMs, key, call, entry)
  else if (wish) writer.load(id, budgetMs, key, call, wish)
  else if (fill) writer.fill(id, budgetMs, key, call, fill)
  else if (release) writer.release(id, budgetMs, key, call, release)
  else if (version !== undefined) writer.invalidate(id, budgetMs, key, version)
}

function writeBatch(
  writer: FrameWriter,
  { kind, parts = [] }: KeyRequest,
  { id, budgetMs }: { readonly id: number; readonly budgetMs: number },
): void {
  if (kind === 'setMany') writer.setMany(id, budgetMs, parts.flatMap(writeIn))
  else {
    const keys = parts.map(({ key }) => key)
    if (kind === 'getMany') writer.getMany(id, budgetMs, keys)
    else writer.deleteMany(id, budgetMs, keys)
  }
}

function writeIn({ key, entry, alteration }: KeyRequest): BatchWrite[] {
  if (alteration !== undefined) return [{ key, entry: alteration.entry, tags: alteration.tags }]
  return entry === undefined ? [] : [{ key, entry, tags: NO_TAGS }]
}

const NO_TAGS: readonly number[] = []

/** A miss in answer to a write, or `done` to a read, would pass for success. */
export function answers({ kind: frame }: Frame, { kind, alteration }: KeyRequest): boolean {
  const isFound = frame === KIND.hit || frame === KIND.miss
  if (kind === 'get') return isFound
  if (kind === 'look') return frame === KIND.held || frame === KIND.miss
  if (kind === 'load') return isFound || frame === KIND.lease
  if (isBatch(kind)) return frame === KIND.answers
  if (kind !== 'alter') return frame === KIND.done
  return alteration?.operation === 'get-and-touch' ? isFound : frame === KIND.altered
}

export function isBatch(kind: KeyRequest['kind']): kind is BatchKind {
  return kind === 'getMany' || kind === 'setMany' || kind === 'deleteMany'
}
