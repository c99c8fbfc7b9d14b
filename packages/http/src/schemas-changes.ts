// The shapes of what is written, and of what is answered to it. What the values must be is checked by the node,
// whose errors name the setting, its bounds and the value.

import { SETTINGS } from 'cachemesh'
import * as examples from './examples.ts'
import { record, VERSION } from './schemas.ts'

const count = { type: 'integer', minimum: 0 } as const
const text = { type: 'string' } as const

const known = Object.entries(SETTINGS).map(([name, { unit, min, max, meaning }]) => {
  return `\`${name}\` (${unit}, ${min} to ${max}): ${meaning}`
})

const groups = {
  settings: {
    type: 'object',
    additionalProperties: true,
    description: `Values by name. ${known.join(' ')} Durations and sizes may be texts. Other names: any JSON.`,
    examples: [{ ttlMs: '5m', valueBytesMax: 1_048_576 }],
  },
  namespaces: {
    type: 'object',
    additionalProperties: true,
    description: 'Objects of settings by namespace, which hold there in place of the mesh’s.',
    examples: [{ users: { ttlMs: '1h' } }],
  },
  stores: {
    type: 'object',
    additionalProperties: true,
    description: 'Data stores and how to reach them: any objects. Everybody in the mesh reads them.',
    examples: [{ orders: { url: 'postgres://db.example/orders' } }],
  },
  placements: {
    type: 'object',
    additionalProperties: true,
    description: 'By position on the ring, 0 to 4294967295: `{ "members": [id, …] }`.',
    examples: [{ 1234567: { members: [examples.configuration.members[0]?.id] } }],
  },
} as const

/** PATCH. */
export const CHANGE = {
  type: 'object',
  additionalProperties: false,
  description: 'What is not named stays as it is; `null` in place of a value removes it.',
  properties: {
    ...groups,
    member: {
      type: 'object',
      additionalProperties: false,
      description: 'Of the node that is asked, until its restart.',
      properties: {
        // With null among the types it is not read as 0 or '', and the node refuses it.
        weight: { type: ['number', 'null'], minimum: 0, maximum: 100, description: 'Share of the ring.' },
        zone: { type: ['string', 'null'], description: 'Failure domain.' },
      },
    },
  },
  examples: [{ settings: { ttlMs: '5m', leaseMs: null }, namespaces: { users: { ttlMs: '1h' } } }],
} as const

/** PUT: what GET answers will do. */
export const WHOLE_CONFIGURATION = {
  type: 'object',
  additionalProperties: false,
  description:
    'What is not named is removed. `meshId`, when given, must be that of the mesh; version and members are ' +
    'ignored: the nodes write them.',
  properties: { meshId: text, version: {}, destroyed: {}, members: {}, ...groups },
  examples: [{ settings: { ttlMs: '5m' }, namespaces: {}, stores: {}, placements: {} }],
} as const

export const IF_MATCH = {
  type: 'object',
  properties: {
    'if-match': {
      type: 'string',
      description: 'Entity tag of the configuration that was read: changes it only while it says the same.',
      examples: [`"${examples.version.serial}-${examples.version.digest}"`],
    },
  },
} as const

export const CHANGED = record(
  {
    version: { ...VERSION, description: 'In which it took effect.' },
    changed: { type: 'boolean', description: 'False when the configuration said so already.' },
  },
  { examples: [{ version: examples.version, changed: true }] },
)

export const PROPAGATED = record(
  {
    version: VERSION,
    peers: { ...count, description: 'Members to which this node was linked.' },
    confirmed: { ...count, description: 'Those of them that hold this version.' },
  },
  { examples: [{ version: examples.version, peers: 2, confirmed: 2 }] },
)

export const ERASED = record(
  {
    peers: { ...count, description: 'Members to which this node was linked.' },
    confirmed: { ...count, description: 'Those of them at which it holds.' },
  },
  { examples: [{ peers: 2, confirmed: 2 }] },
)

export const SETTINGS_VIEW = record(
  {
    version: VERSION,
    settings: {
      type: 'array',
      items: record({
        name: text,
        value: count,
        source: {
          type: 'string',
          enum: ['node', 'namespace', 'mesh', 'default'],
          description: 'Who says so.',
        },
        unit: { type: 'string', enum: ['ms', 'bytes', 'members', 'requests/s', '%'] },
        min: count,
        max: count,
        default: count,
        inNamespace: { type: 'boolean', description: 'A namespace may have its own.' },
        inEffect: { type: 'boolean', description: 'False: nothing of this version goes by it yet.' },
        meaning: text,
      }),
    },
  },
  {
    examples: [
      {
        version: examples.version,
        settings: [{ name: 'ttlMs', value: 300_000, source: 'mesh', ...SETTINGS.ttlMs }],
      },
    ],
  },
)
