import {
  applyDelta,
  CacheMeshError,
  Configuration,
  decodeMessage,
  deltaTo,
  encodeMessage,
  KIND,
  type Summary,
  summaryOf,
} from '@cachemesh/protocol'

/** The whole configuration in bytes: the body of a delta from the empty document. */
export function packConfiguration(configuration: Configuration): Uint8Array {
  const { meshId } = configuration
  // Its digest takes as long as all the rest, and a process has one mesh.
  if (empty?.meshId !== meshId) empty = { meshId, summary: summaryOf(Configuration.empty(meshId)) }
  const bytes = last?.configuration === configuration ? last.bytes : packed(configuration, empty.summary)
  last = { configuration, bytes }
  return bytes
}

function packed(configuration: Configuration, nothing: Summary): Uint8Array {
  return encodeMessage({ kind: 'delta', delta: deltaTo(configuration, nothing) }).body
}

/** Nodes of one process write the same document one after the other. */
let last: { readonly configuration: Configuration; readonly bytes: Uint8Array } | undefined
let empty: { readonly meshId: string; readonly summary: Summary } | undefined

/**
 * The inverse. Throws ERR_MALFORMED_MESSAGE or ERR_MALFORMED_CONFIGURATION for damaged bytes (the digest
 * proves every one of them), ERR_WRONG_MESH for those of another mesh.
 */
export function unpackConfiguration(bytes: Uint8Array, meshId: string): Configuration {
  const message = decodeMessage(KIND.delta, bytes)
  if (message.kind !== 'delta')
    throw new CacheMeshError('ERR_INTERNAL', 'A delta was decoded as something else')
  if (message.delta.meshId !== meshId) {
    throw new CacheMeshError(
      'ERR_WRONG_MESH',
      `The configuration is of mesh ${JSON.stringify(message.delta.meshId)}, not of ${JSON.stringify(meshId)}`,
    )
  }
  return applyDelta(Configuration.empty(meshId), message.delta)
}
