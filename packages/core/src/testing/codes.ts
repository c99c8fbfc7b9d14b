import { CacheMeshError } from '@cachemesh/protocol'

/** The code of the error that a call throws; `none` when it throws nothing. */
export function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof CacheMeshError) return error.code
    throw error
  }
  return 'none'
}
