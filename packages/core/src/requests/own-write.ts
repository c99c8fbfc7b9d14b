import { checkValue, type Frame, KIND } from '@cachemesh/protocol'
import type { Instant } from '../limits/instant.ts'
import { entryOf } from '../store/entry.ts'
import type { WriteResult } from '../writes/result.ts'
import { executeWrite } from './execution.ts'
import type { NodeParts } from './node-parts.ts'
import { OwnCall, type OwnCallParts } from './own-call.ts'

/** Its request is of kind set, delete or alter. */
export type OwnWriteParts = OwnCallParts<WriteResult>

/** A write of this node's own program. */
export class OwnWrite extends OwnCall<WriteResult> {
  protected override execute(node: NodeParts, at: Instant): WriteResult {
    return executeWrite(node, this.request, at)
  }

  protected override read(frame: Frame): WriteResult {
    return resultIn(frame)
  }
}

/** The entry of a get-and-touch is in memory of its own. */
function resultIn(frame: Frame): WriteResult {
  const { existed } = frame
  if (frame.kind === KIND.altered) return { ...frame.altered(), existed }
  if (frame.kind === KIND.miss) return { outcome: 'not-found', version: 0, existed: false }
  const version = frame.version()
  if (frame.kind !== KIND.hit) return { outcome: 'stored', version, existed }
  const { value, contentType } = frame.entry()
  checkValue(value, contentType)
  const expiresAt = Number.POSITIVE_INFINITY
  const entry = entryOf({ value: new Uint8Array(value), contentType, expiresAt }, version)
  return { outcome: 'stored', version, existed: true, entry }
}
