/** How much shorter a time to live may get, at most: those of entries that were written together end apart. */
const JITTER = 0.1

/**
 * Time to live of an entry that somebody writes, ms; 0: no end. By a number in [0, 1), drawn by whoever writes, some
 * are up to a tenth shorter: what was loaded at once is not loaded again at once.
 */
export function jitteredTtl(ttlMs: number, fraction: number): number {
  return ttlMs === 0 ? 0 : Math.max(1, Math.round(ttlMs * (1 - JITTER * fraction)))
}
