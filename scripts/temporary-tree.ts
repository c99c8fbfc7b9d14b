// A small tree of files in the system's temporary folder, for tests of scripts that read a checkout.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Writes `files` (path to content) below a new folder, which disappears with the `using` scope. */
export function temporaryTree(files: Record<string, string>): Disposable & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), 'cachemesh-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) }
}
