import { vi } from 'vitest'

/** Waits for a condition on a machine that may be busy with other tests. */
export function until(check: () => void, timeout = 15_000): Promise<void> {
  return vi.waitFor(check, { timeout, interval: 10 })
}
