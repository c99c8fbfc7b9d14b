import { type FrameWriter, KIND } from '@cachemesh/protocol'
import type { Call, KeyRequest } from './call.ts'

/** About how much of a frame a request takes, whatever its way. */
export function bytesIn({ key, entry, fill }: KeyRequest): number {
  return key.length * 3 + (entry?.value.length ?? fill?.entry.value.length ?? 0)
}

export function writeRequest(
  writer: FrameWriter,
  call: Call,
  { id, budgetMs }: { readonly id: number; readonly budgetMs: number },
): void {
  const { key, kind, entry, wish, fill, release } = call.request
  if (kind === 'get') writer.get(id, budgetMs, key, call)
  else if (kind === 'delete') writer.delete(id, budgetMs, key, call)
  else if (entry) writer.set(id, budgetMs, key, call, entry)
  else if (wish) writer.load(id, budgetMs, key, call, wish)
  else if (fill) writer.fill(id, budgetMs, key, call, fill)
  else if (release) writer.release(id, budgetMs, key, call, release)
}

/** A miss in answer to a write, or `done` to a read, would pass for success. */
export function answers(kind: number, request: KeyRequest['kind']): boolean {
  if (request === 'load' && kind === KIND.lease) return true
  const isRead = request === 'get' || request === 'load'
  return isRead ? kind === KIND.hit || kind === KIND.miss : kind === KIND.done
}
