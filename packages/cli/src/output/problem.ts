import { CacheMeshError } from '@cachemesh/protocol'

/** What went wrong as one line for stderr: no stack, no line breaks. */
export function problemLine(problem: unknown): string {
  const text = problem instanceof Error ? problem.message : String(problem)
  const code = problem instanceof CacheMeshError ? ` (${problem.code})` : ''
  return `cachemesh: ${text.trim().replace(/\s*\n\s*/g, ' ')}${code}`
}

/** 4 when what was asked for does not exist, 1 for every other error. */
export function exitCodeOf(error: unknown): number {
  return error instanceof CacheMeshError && error.code === 'ERR_NOT_FOUND' ? 4 : 1
}
