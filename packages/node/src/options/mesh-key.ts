import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CacheMeshError } from '@cachemesh/protocol'

const KEY = /^[0-9a-fA-F]{64}$/

/** A new mesh key: 64 hex digits of 32 random bytes. All nodes of a mesh hold the same one. */
export function generateKey(): string {
  return randomBytes(32).toString('hex')
}

/** The bytes of mesh keys in hex. Throws ERR_MESH_KEY. */
export function parseKeys(keys: readonly string[], where: string): Uint8Array[] {
  return keys.map((key, index) => {
    if (typeof key === 'string' && KEY.test(key.trim()))
      return Uint8Array.from(Buffer.from(key.trim(), 'hex'))
    // Never the key itself: it would end up in a log.
    throw new CacheMeshError(
      'ERR_MESH_KEY',
      `Key ${index + 1} of ${where} is not 64 hex digits; \`cachemesh key\` makes one`,
    )
  })
}

/**
 * Reads a key file: one key per line, the first is used, all are accepted (so that a key can be changed with
 * no node refused: add the new one, use it, remove the old one). Lines that are empty or begin with # are
 * passed over. Throws ERR_MESH_KEY.
 */
export async function readKeyFile(path: string): Promise<Uint8Array[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new CacheMeshError('ERR_MESH_KEY', `The key file ${path} cannot be read (${reason})`, { cause })
  }
  const lines = text.split('\n').map(line => line.trim())
  const keys = lines.filter(line => line !== '' && !line.startsWith('#'))
  if (keys.length === 0) {
    throw new CacheMeshError(
      'ERR_MESH_KEY',
      `The key file ${path} holds no key; \`cachemesh key > ${path}\` writes one`,
    )
  }
  return parseKeys(keys, `the key file ${path}`)
}
