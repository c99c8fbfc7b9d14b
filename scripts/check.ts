// What the checks of this folder share: which files they read and how they end.
// A check that read nothing has proved nothing, so every caller treats an empty list as a failure.
import { globSync } from 'node:fs'
import { join } from 'node:path'

/** The checkout these scripts belong to. */
export const checkout: string = join(import.meta.dirname, '..')

/** Paths below `root` that match `pattern`, with forward slashes, sorted; build output is left out. */
export function filesMatching(root: string, pattern: string): string[] {
  const isBuilt = (name: string): boolean => name === 'node_modules' || name === 'dist'
  return globSync(pattern, { cwd: root, exclude: path => path.split(/[\\/]/).some(isBuilt) })
    .map(path => path.replaceAll('\\', '/'))
    .sort()
}

/** Whether a source is made for tests alone: a test, or their common ground in a folder `testing`. */
export function isForTests(path: string): boolean {
  return path.endsWith('.test.ts') || path.split('/').includes('testing')
}

/** Ends a check: one line of success on stdout, or every problem on stderr and exit code 1. */
export function conclude(problems: readonly string[], success: string): void {
  if (problems.length === 0) {
    console.log(success)
    return
  }
  for (const problem of problems) console.error(problem)
  console.error(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)
  process.exitCode = 1
}

/** Whether this module is the program, not a part imported by a test. */
export function isProgram(file: string): boolean {
  return process.argv[1] === file
}
