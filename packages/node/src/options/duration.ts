import { CacheMeshError, LIMITS } from '@cachemesh/protocol'

/** Milliseconds, or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'12h'`, `'7d'`. */
export type Duration = number | string

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration, at least 1. Throws ERR_INVALID_TTL. */
export function parseDuration(value: Duration, what = 'A time to live'): number {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value.trim()) : undefined
  const ms =
    typeof value === 'number' ? value : match ? Number(match[1]) * (UNITS[match[2] as string] as number) : NaN
  if (ms > 0 && ms <= LIMITS.ttlMsMax) return Math.max(1, Math.round(ms))
  throw new CacheMeshError(
    'ERR_INVALID_TTL',
    `${what} cannot be ${typeof value === 'string' ? JSON.stringify(value) : String(value)}; give positive milliseconds, or a text such as '30s', '5m' or '12h', up to 10 years`,
  )
}
