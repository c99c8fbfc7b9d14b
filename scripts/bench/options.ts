/** Secure channels that a link may use; the first is what a mesh prefers. */
export const ENCRYPTIONS = ['tls', 'noise'] as const

export type Encryption = (typeof ENCRYPTIONS)[number]

export interface BenchOptions {
  readonly encryptions: readonly Encryption[]
  /** Only shows that the benchmark works. */
  readonly quick: boolean
}
