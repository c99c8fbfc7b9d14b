/** A u64 as a safe integer; -1 when it is above 2^53 - 1. */
export function readU64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true)
  if (high > 0x1f_ffff) return -1
  return high * 2 ** 32 + view.getUint32(at, true)
}

/** Of an integer of 0 to 2^53 - 1. */
export function writeU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true)
}
