import type { Configuration } from '@cachemesh/protocol'
import { erasuresIn } from '../configuration/erasure.ts'
import type { VersionClock } from '../store/clock.ts'
import type { Store } from '../store/store.ts'

/** Has the store follow what the configuration says is erased. */
export class Erasing {
  /** Versions as the configuration has them, by namespace and slot. */
  readonly #known = new Map<string | number, number>()

  follow({ clock, erasures }: Store, configuration: Configuration, wall: number): void {
    for (const { namespace, slot, version } of erasuresIn(configuration)) {
      const what = namespace ?? slot
      if ((this.#known.get(what) ?? 0) >= version) continue
      this.#known.set(what, version)
      const until = erasedUntil(clock, version, wall)
      if (namespace !== undefined) erasures.namespace(namespace, until)
      else erasures.tag(slot, until)
    }
  }
}

/**
 * What is written here from now on is not erased. A version from the future, of a node whose clock was wrong, would
 * erase whatever is written until then: it erases what is there.
 */
function erasedUntil(clock: VersionClock, version: number, wall: number): number {
  if (clock.see(version, wall)) return version
  clock.see(clock.current(wall), wall)
  return clock.last
}
