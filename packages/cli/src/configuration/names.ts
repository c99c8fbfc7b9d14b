// Names and values of the configuration as they stand on a command line.

import { CacheMeshError } from '@cachemesh/protocol'

const GROUPS = ['settings', 'namespaces', 'stores', 'placements'] as const

/** Where a value stands in the configuration. */
export interface Place {
  readonly group: (typeof GROUPS)[number] | 'member'
  readonly name: string
}

/** `ttlMs` is a setting; `GROUP/NAME` says where else. Throws ERR_INVALID_ARGUMENT. */
export function readPlace(text: string): Place {
  const slash = text.indexOf('/')
  if (slash < 0) return { group: 'settings', name: text }
  const [prefix, name] = [text.slice(0, slash), text.slice(slash + 1)]
  const group = [...GROUPS, 'member' as const].find(group => group === prefix)
  if (group !== undefined && name !== '') return { group, name }
  throw new CacheMeshError(
    'ERR_INVALID_ARGUMENT',
    `${JSON.stringify(text)} is no name of the configuration; write a setting such as ttlMs, or ` +
      'namespaces/NAME, stores/NAME, placements/POSITION, member/weight or member/zone',
  )
}

/** JSON as the value it says, anything else as text. */
export function readValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** A value for people: text as it is, the rest as JSON. */
export function showValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
