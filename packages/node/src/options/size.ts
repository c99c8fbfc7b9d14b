import { CacheMeshError } from '@cachemesh/protocol'

/** Bytes, or a number with a unit: `'64kb'`, `'256mb'`, `'2gb'` (1 kb is 1,024 bytes). */
export type Size = number | string

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** Bytes of a size. Throws ERR_INVALID_ARGUMENT. */
export function parseSize(value: Size, what: string): number {
  const match =
    typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|)$/i.exec(value.trim()) : undefined
  const unit = match ? UNITS[(match[2] as string).toLowerCase()] : 1
  const bytes = Math.floor(Number(match ? match[1] : value) * (unit as number))
  if (Number.isSafeInteger(bytes) && bytes > 0 && (match || typeof value === 'number')) return bytes
  throw new CacheMeshError(
    'ERR_INVALID_ARGUMENT',
    `${what} cannot be ${typeof value === 'string' ? JSON.stringify(value) : String(value)}; give bytes, or a text such as '256mb' or '2gb'`,
  )
}
