import type { NodeEmitter } from '../events.ts'
import type { ConfigurationView } from '../view.ts'

interface Watched {
  readonly events: NodeEmitter
  /** What is held now. */
  readonly current: () => ConfigurationView
  /** Any of them ends the watch. */
  readonly ends: readonly AbortSignal[]
}

/** The configuration that is held, and each that follows; of several at once only the newest. */
export async function* watchConfiguration({
  events,
  current,
  ends,
}: Watched): AsyncGenerator<ConfigurationView> {
  let seen: string | undefined
  let wake = (): void => {}
  const changed = (): void => wake()
  events.on('configuration', changed)
  for (const end of ends) end.addEventListener('abort', changed)
  try {
    while (!ends.some(end => end.aborted)) {
      const view = current()
      if (view.version.digest !== seen) {
        seen = view.version.digest
        yield view
      } else {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }
  } finally {
    events.off('configuration', changed)
    for (const end of ends) end.removeEventListener('abort', changed)
  }
}
