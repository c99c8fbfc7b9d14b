/** Secure channels that a link may use; the first is what a mesh prefers. */
export const ENCRYPTIONS = ['tls', 'noise'] as const

export type Encryption = (typeof ENCRYPTIONS)[number]

/** Bytes of the values that `remote` asks for. */
export const VALUE_SIZES: readonly number[] = [100, 1024, 64 * 1024]

export interface BenchOptions {
  readonly encryptions: readonly Encryption[]
  /** Only shows that the benchmark works. */
  readonly quick: boolean
  /** In `remote`: this size only. */
  readonly valueBytes?: number
  /** In `memory`: so many processes of each kind. */
  readonly rounds?: number
  /** In `local`: a ring of so many members only. */
  readonly ring?: number
  /** In `trace`: a file instead of the sequences made up. */
  readonly tracePath?: string
}
