import { CacheMeshError, errorCode, FLAG, type Frame, KIND, LIMITS } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import { type BatchKind, type Call, type KeyRequest, NO_HOPS } from './call.ts'
import type { Calls } from './calls.ts'
import { Lookup } from './lookup.ts'
import type { NodeParts } from './node-parts.ts'
import { bytesIn } from './request-frame.ts'

/** Undefined for what travels alone. */
function batchKindOf({ kind, alteration }: KeyRequest): BatchKind | undefined {
  if (kind === 'get') return 'getMany'
  if (kind === 'delete') return 'deleteMany'
  const isTaggedSet = alteration?.operation === 'set' && alteration.expected === 0
  return kind === 'set' || isTaggedSet ? 'setMany' : undefined
}

/** What a batch may take, with all around it, so that it is a small frame. */
const BATCH_BYTES = LIMITS.smallFrameBytesMax - 4 * 1024

/**
 * Sends calls of one kind on their way, those to one owner in one frame as far as they fit: a frame, a reply and a
 * deadline cost more than a key does. What this node holds a copy of is answered at once. A key of which it had one
 * until a moment ago travels alone: a request of one key says so.
 */
export function dispatchTogether(
  calls: readonly Call[],
  { by, node, at }: { readonly by: Calls; readonly node: NodeParts; readonly at: Instant },
): void {
  const open = new Map<string, { parts: Call[]; bytes: number }>()
  for (const call of calls) {
    const owner = node.placement.owner(call.request.hash, call.request.key)
    const bytes = bytesIn(call.request) + 300
    const isAlone = batchKindOf(call.request) === undefined
    const isRead = call instanceof Lookup
    if (isRead && owner === node.id) node.copying.asks(call.key, call.hash, at)
    if (isRead && owner !== node.id && call.answeredByCopy(at)) continue
    if (
      owner === undefined ||
      owner === node.id ||
      isAlone ||
      bytes > BATCH_BYTES ||
      (isRead && call.lapsed)
    ) {
      by.dispatch(call, at)
      continue
    }
    const batch = open.get(owner) ?? { parts: [], bytes: 0 }
    if (batch.bytes + bytes > BATCH_BYTES || batch.parts.length === LIMITS.batchMax) {
      by.dispatch(together(batch.parts, by), at)
      open.set(owner, { parts: [call], bytes })
      continue
    }
    batch.parts.push(call)
    batch.bytes += bytes
    open.set(owner, batch)
  }
  for (const { parts } of open.values()) by.dispatch(together(parts, by), at)
}

function together(parts: readonly Call[], by: Calls): Call {
  const [first] = parts as [Call]
  return parts.length === 1 ? first : new BatchCall(parts, batchKindOf(first.request) as BatchKind, by)
}

/** Calls of one kind for keys of one owner, which travel as one. What does not come through goes its own way. */
class BatchCall implements Call {
  readonly request: KeyRequest
  readonly parts: readonly Call[]
  readonly hops: readonly string[] = NO_HOPS
  readonly deadline: number
  failed: readonly string[] = NO_HOPS
  to = ''
  sentAt = 0
  readonly #by: Calls

  constructor(parts: readonly Call[], kind: BatchKind, by: Calls) {
    const [{ request, deadline }] = parts as [Call]
    this.request = { kind, key: request.key, hash: request.hash, parts: parts.map(part => part.request) }
    this.parts = parts
    this.deadline = deadline
    this.#by = by
  }

  answered(frame: Frame, at: Instant): void {
    const open = new Set(this.parts)
    frame.answers(place => {
      const part = this.parts[place]
      if (part === undefined || !open.delete(part)) return
      part.to = this.to
      if (frame.kind === KIND.error) part.failedWith(errorIn(frame))
      else if ((frame.flags & FLAG.apart) !== 0) this.#by.dispatch(part, at)
      else if (this.#isAnswer(frame)) part.answered(frame, at)
      else open.add(part)
    })
    for (const part of open) {
      const message = `Member ${this.to} answered a batch without one of its keys`
      part.failedWith(new CacheMeshError('ERR_MALFORMED_FRAME', message))
    }
  }

  /** As of single requests, but that a set with tags, which is an alteration, is done like any other. */
  #isAnswer({ kind }: Frame): boolean {
    return this.request.kind === 'getMany' ? kind === KIND.hit || kind === KIND.miss : kind === KIND.done
  }

  /** Its parts are served one by one (calls.ts). */
  served(): void {}

  failedWith(error: CacheMeshError): void {
    for (const part of this.parts) part.failedWith(error)
  }
}

function errorIn(frame: Frame): CacheMeshError {
  const { number, message } = frame.error()
  return new CacheMeshError(errorCode(number), message)
}
