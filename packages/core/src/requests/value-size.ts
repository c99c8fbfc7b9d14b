import { CacheMeshError } from '@cachemesh/protocol'
import type { SettingsReader } from '../configuration/settings.ts'

/**
 * Throws ERR_VALUE_TOO_LARGE for more than the mesh allows in this namespace. Asked by whoever writes, before the
 * value travels, and by whoever is asked to keep it, whose configuration may be newer.
 */
export function checkSize(settings: SettingsReader, namespace: string, sizeBytes: number): void {
  const bytesMax = settings.in(namespace, 'valueBytesMax')
  if (sizeBytes <= bytesMax) return
  throw new CacheMeshError(
    'ERR_VALUE_TOO_LARGE',
    `A value of ${sizeBytes} bytes is more than the setting valueBytesMax of this mesh allows, which is ${bytesMax}`,
  )
}
