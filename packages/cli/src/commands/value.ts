import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { CacheMeshError } from '@cachemesh/protocol'

/** The bytes that the argument stands for, and their media type unless told otherwise. */
export async function readValue(value: string): Promise<{ body: Uint8Array; contentType: string }> {
  const contentType = 'application/octet-stream'
  if (value === '-') return { body: await buffer(process.stdin), contentType }
  if (!value.startsWith('@')) return { body: Buffer.from(value), contentType: 'text/plain; charset=utf-8' }
  const path = value.slice(1)
  try {
    return { body: await readFile(path), contentType }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', `The file ${path} cannot be read (${reason})`, { cause })
  }
}
