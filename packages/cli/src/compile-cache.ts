import { enableCompileCache, flushCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * Most of a start is compiling: what was compiled once is kept, and the next start takes half of the time. It is
 * kept in the user's own cache directory, not where Node.js puts it by itself: in a temporary directory that all
 * share somebody else could have put code there. Without such a directory nothing is kept.
 */
export function keepCompiledCode(): void {
  const caches = process.env.XDG_CACHE_HOME || join(home(), '.cache')
  if (isAbsolute(caches)) enableCompileCache(join(caches, 'cachemesh'))
}

/** What is kept at the end by itself would be lost with a process that is killed. Without anything new it takes no time. */
export function saveCompiledCode(): void {
  flushCompileCache()
}

/** Empty for a user without one. */
function home(): string {
  try {
    return homedir()
  } catch {
    return ''
  }
}
