import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('testing/values-and-collections.ts', import.meta.url))

/** How often the engine searches its whole heap while large values come and go. */
function searches(...parameters: string[]): number {
  const output = execFileSync(process.execPath, ['--conditions=@cachemesh/source', SCRIPT, ...parameters])
  return (JSON.parse(output.toString()) as { searches: number }).searches
}

describe('garbage beside large values', () => {
  it('spares most searches of the whole heap', () => {
    const alone = searches('alone')
    expect(alone).toBeGreaterThan(5)
    expect(searches()).toBeLessThan(alone / 2)
  })
})
