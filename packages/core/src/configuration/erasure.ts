// What is erased in bulk is agreed on like everything else: a record for each namespace that was cleared, and for
// each slot of tags. Its counter is the version up to which entries are void, so that of two the greater holds, and
// whoever was cut off, or joins later, hears of it with the rest (decision 0027).

import {
  CacheMeshError,
  type Configuration,
  type ConfigurationRecord,
  keyPrefix,
  LIMITS,
  registerRecord,
} from '@cachemesh/protocol'

const GROUP = 'erasures/'
/** Before the number of a slot: no namespace has it in its name. */
const SLOT = '~'

/** What to erase: the entries of some tags, or all of a namespace. */
export interface Erasure {
  readonly namespace: string
  /** Slots of tags; none: all of the namespace. */
  readonly slots?: readonly number[]
}

/** One record, read. */
export type Erased = { readonly version: number } & (
  | { readonly namespace: string; readonly slot?: never }
  | { readonly slot: number; readonly namespace?: never }
)

/**
 * Records that erase everything up to a version, or up to what was erased already. Throws ERR_INVALID_NAMESPACE or
 * ERR_MALFORMED_CONFIGURATION.
 */
export function erasingRecords(
  { namespace, slots }: Erasure,
  configuration: Configuration,
  version: number,
): ConfigurationRecord[] {
  keyPrefix(namespace)
  const names = slots === undefined ? [namespace] : slots.map(slot => `${SLOT}${checkSlot(slot)}`)
  return names.map(name => {
    const counter = configuration.register(GROUP + name)?.counter ?? 0
    return registerRecord({ name: GROUP + name, counter: Math.max(version, counter + 1), json: 'true' })
  })
}

/** What a configuration says is erased. What cannot be understood may come from a newer version, and is left out. */
export function* erasuresIn(configuration: Configuration): Iterable<Erased> {
  for (const { name, counter } of configuration.registers) {
    if (!name.startsWith(GROUP)) continue
    const what = name.slice(GROUP.length)
    const slot = Number(what.slice(SLOT.length))
    if (!what.startsWith(SLOT)) yield { namespace: what, version: counter }
    else if (isSlot(slot)) yield { slot, version: counter }
  }
}

function checkSlot(slot: number): number {
  if (isSlot(slot)) return slot
  throw new CacheMeshError(
    'ERR_INVALID_ARGUMENT',
    `A slot of tags is 0 to ${LIMITS.tagSlotsMax - 1}, and not ${slot}`,
  )
}

function isSlot(slot: number): boolean {
  return Number.isInteger(slot) && slot >= 0 && slot < LIMITS.tagSlotsMax
}
