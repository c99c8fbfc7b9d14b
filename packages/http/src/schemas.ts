// The shapes of what is answered, for the OpenAPI document and for the serializer, which writes exactly these
// fields.

import { ERRORS, type ErrorCode, MEMBER_STATES } from '@cachemesh/protocol'
import * as examples from './examples.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const count = { type: 'integer', minimum: 0 } as const
const texts = { type: 'array', items: text } as const
const id = { type: 'string', description: 'Peer id.' } as const
const state = { type: 'string', enum: ['joining', 'active', 'alone', 'left', 'destroyed'] } as const
const anything = { type: 'object', additionalProperties: true } as const

export function record<P extends object>(properties: P, extra: object = {}): object {
  return { type: 'object', required: Object.keys(properties), properties, ...extra }
}

export const ERROR = record(
  { error: record({ code: { type: 'string', enum: Object.keys(ERRORS) }, message: text }) },
  {
    $id: 'Error',
    description: 'What went wrong. Programs match on the code; the message is for people.',
    examples: [{ error: { code: 'ERR_NOT_FOUND', message: 'There is no key "user:42"' } }],
  },
)

export const VERSION = record(
  {
    serial: { ...count, description: 'Rises at every node with every change.' },
    timestamp: { ...count, description: 'Wall clock of the newest author, ms since 1970.' },
    digest: { type: 'string', pattern: '^[0-9a-f]{32}$', description: 'Hash of the content.' },
  },
  {
    description: 'Which configuration this is.',
    examples: [examples.version],
  },
)

export const MEMBER = record({
  id,
  state: { type: 'string', enum: MEMBER_STATES },
  addresses: { ...texts, description: 'Multiaddrs for other nodes.' },
  weight: { type: 'number', description: 'Share of the ring; 1 is usual.' },
  zone: { type: 'string', description: 'Failure domain.' },
  incarnation: { ...count, description: 'Raised by the member alone.' },
  since: { ...count, description: 'Serial at which it wrote this incarnation.' },
  software: text,
  gateways: {
    type: 'object',
    additionalProperties: text,
    description: 'Addresses for programs, by protocol.',
    examples: [{ http: 'http://10.0.0.5:8080' }],
  },
})

export const CONFIGURATION = record(
  {
    meshId: text,
    version: VERSION,
    destroyed: { ...flag, description: 'The mesh was given up: it has no members, and nothing else either.' },
    members: { type: 'array', items: MEMBER },
    settings: anything,
    namespaces: anything,
    stores: anything,
    placements: anything,
  },
  { description: 'What all members agree on.', examples: [examples.configuration] },
)

const partition = record({
  entries: count,
  bytes: count,
  bytesMax: count,
  evictions: count,
  expirations: count,
})

export const READINESS = record(
  {
    ready: flag,
    state,
    reason: { type: 'string', description: 'Why it is not ready; empty when it is.' },
    entries: {
      type: 'string',
      enum: ['warm', 'cold'],
      description: 'Whether it has all that it should hold, or may have to ask others first.',
    },
    storage: {
      type: 'string',
      enum: ['none', 'kept', 'failing'],
      description: 'Whether identity and configuration would survive a restart.',
    },
  },
  { examples: [examples.readiness] },
)

const loads = record({ loading: count, waiting: count, leases: count, refused: count })

const replication = record({
  warm: flag,
  arcs: record({ done: count, total: count }),
  fullyReplicated: flag,
  transferred: count,
})

export const NODE = record(
  {
    id,
    addresses: texts,
    state,
    readiness: READINESS,
    version: VERSION,
    stats: record({
      owned: partition,
      copies: partition,
      reservedBytes: count,
      loads,
      replication,
      reads: record({ hedged: count, won: count, spread: count, here: count }),
      overload: record({ refuses: flag, refused: count }),
      links: count,
    }),
  },
  { examples: [examples.node] },
)

export const RING = record(
  {
    version: VERSION,
    positions: count,
    arcs: count,
    members: {
      type: 'array',
      items: record({
        id,
        weight: { type: 'number' },
        share: { type: 'number', description: 'Part of all keys that it owns, 0 to 1.' },
      }),
    },
  },
  { examples: [examples.ring] },
)

export const LOAD = record(
  {
    perSecond: { type: 'number', description: 'Reads that it answers.' },
    keys: {
      type: 'array',
      description: 'The hottest keys first.',
      items: record({
        namespace: text,
        key: text,
        perSecond: { type: 'number' },
        copies: { ...texts, description: 'Members that hold a copy.' },
      }),
    },
    arcs: {
      type: 'array',
      description: 'The hottest of 65,536 parts of the ring first.',
      items: record({
        arc: count,
        perSecond: { type: 'number' },
        owner: { type: ['string', 'null'] },
        position: { type: ['integer', 'null'], description: 'Where the arc of its hottest key ends.' },
      }),
    },
    members: {
      type: 'array',
      description: 'Those with the most room first.',
      items: record({
        id,
        weight: { type: 'number' },
        perSecond: {
          type: ['number', 'null'],
          description: 'What it answers as the owner of keys; null: it said nothing of late.',
        },
      }),
    },
  },
  { examples: [examples.load] },
)

export const PLACEMENTS = record(
  {
    placements: {
      type: 'array',
      description: 'By position.',
      items: record({
        position: count,
        from: { ...count, description: 'Where its part of the ring begins, that position not included.' },
        members: { ...texts, description: 'The owner first, then those who share it.' },
        active: { ...texts, description: 'Those of them that answer for it now.' },
        by: { type: 'string', enum: ['hand', 'load'] },
        share: { type: 'number', description: 'Part of all keys, 0 to 1.' },
      }),
    },
  },
  { examples: [examples.placements] },
)

export const ROUTE = record(
  {
    namespace: text,
    key: text,
    owner: { type: ['string', 'null'], description: 'Member that owns the key; null while none is active.' },
    replicas: texts,
    local: { type: 'boolean', description: 'The node that was asked is the owner.' },
  },
  { examples: [examples.route] },
)

export const MEMBERS = record(
  {
    members: {
      type: 'array',
      items: withOptional(MEMBER, { self: { type: 'boolean', description: 'The node that was asked.' } }),
    },
  },
  { examples: [examples.members] },
)

export const LEAVING = record({ leaving: flag }, { examples: [{ leaving: true }] })
export const LIVE = record({ live: flag }, { examples: [{ live: true }] })

/** Answers by status: a schema of the body, or the text that says why there is none. */
export function answers(byStatus: Record<number, object | string>): Record<number, object> {
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, body]) => [
      status,
      typeof body === 'string' ? { description: body, type: 'null' } : { description: 'Done.', ...body },
    ]),
  )
}

/** Answers with these errors, by their statuses. */
export function refusals(...codes: ErrorCode[]): Record<number, object> {
  return Object.fromEntries(
    [...groupedByStatus(codes)].map(([status, { description }]) => [status, { description, $ref: 'Error#' }]),
  )
}

interface SameStatus {
  readonly description: string
  readonly first: ErrorCode
}

/** What a status can mean, of the errors that have it. */
export function groupedByStatus(codes: readonly ErrorCode[]): Map<number, SameStatus> {
  const groups = new Map<number, SameStatus>()
  for (const code of codes) {
    const { status, meaning } = ERRORS[code]
    const group = groups.get(status)
    const sentence = `\`${code}\`: ${meaning}`
    groups.set(status, {
      description: group === undefined ? sentence : `${group.description} ${sentence}`,
      first: group?.first ?? code,
    })
  }
  return groups
}

function withOptional(schema: object, properties: object): object {
  return { ...schema, properties: { ...(schema as { properties: object }).properties, ...properties } }
}
