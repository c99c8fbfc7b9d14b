import { readFileSync } from 'node:fs'

/** Name and version of this package, as members show it. */
export const SOFTWARE: string = `cachemesh/${version()}`

function version(): string {
  // Beside both `src` and `dist`.
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
