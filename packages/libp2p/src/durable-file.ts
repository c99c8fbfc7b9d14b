// A file that is there as a whole or not at all, whenever the process or the machine ends.

import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface Placing {
  /** Where it is written first, in the same directory. */
  readonly temporary: string
  /** `wx` refuses a temporary file that exists, `w` overwrites what a crash has left. */
  readonly flags: 'w' | 'wx'
  /** Gives the temporary file its name. */
  put(temporary: string, path: string): Promise<void>
}

/** Writes beside the place, syncs, then puts it there. Throws what the file system throws, and leaves nothing behind. */
export async function writeDurably(
  path: string,
  bytes: Uint8Array,
  { temporary, flags, put }: Placing,
): Promise<void> {
  try {
    const file = await open(temporary, flags, 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await put(temporary, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    // On a full disk the part that was written would take the room of others.
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

/** Makes the new name durable. Windows cannot open a directory, and does not need to. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
