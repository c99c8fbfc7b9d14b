import type { Configuration } from '@cachemesh/protocol'
import { packConfiguration } from '../configuration/packed.ts'
import type { Reserved } from '../store/reserved.ts'
import type { Output } from './output.ts'

/** How long changes are gathered before the whole configuration is written out once. */
const DELAY_MS = 100
/** Its name in the reserved partition. */
const CONFIGURATION = 'configuration'

/** The configuration in bytes: in the reserved partition, where nothing can push it out, and for the disk. */
export class Memory {
  readonly #reserved: Reserved
  /** When it is to be written. */
  wakeAt: number = Number.POSITIVE_INFINITY

  constructor(reserved: Reserved, remembered: Configuration | undefined) {
    this.#reserved = reserved
    if (remembered) reserved.put(CONFIGURATION, packConfiguration(remembered))
  }

  /** It is written a little later, with whatever else changes until then. */
  changed(now: number): void {
    this.wakeAt = Math.min(this.wakeAt, now + DELAY_MS)
  }

  /** The process may end before a delay is over. */
  urgent(now: number): void {
    this.wakeAt = now
  }

  /** What to keep, when it is time. */
  due(configuration: Configuration, now: number): Output[] {
    if (now < this.wakeAt) return []
    this.wakeAt = Number.POSITIVE_INFINITY
    const bytes = packConfiguration(configuration)
    this.#reserved.put(CONFIGURATION, bytes)
    return [{ kind: 'persist', bytes }]
  }
}
