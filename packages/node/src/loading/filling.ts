import type { EncodedValue, FillBody } from '@cachemesh/protocol'

export interface FillingParts extends Pick<FillBody, 'token' | 'kind' | 'costMs'> {
  /** How long it is fresh, ms; 0: for ever. */
  readonly ttlMs: number
  /** How much longer it may be served. */
  readonly staleForMs: number
}

/** A value as it is brought to the mesh. */
export function fillOf(
  encoded: EncodedValue,
  { token, kind, costMs, ttlMs, staleForMs }: FillingParts,
): FillBody {
  if (ttlMs === 0 || staleForMs === 0)
    return { token, kind, costMs, freshMs: 0, entry: { ...encoded, ttlMs } }
  return { token, kind, costMs, freshMs: ttlMs, entry: { ...encoded, ttlMs: ttlMs + staleForMs } }
}
