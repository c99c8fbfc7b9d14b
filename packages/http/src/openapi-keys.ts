// What the paths with a key in them do, for the OpenAPI document.

import { DEFAULT_NAMESPACE, ERRORS, type ErrorCode, LIMITS } from '@cachemesh/protocol'
import { route as routeExample } from './examples.ts'
import { KEY_OPERATIONS } from './key-operations.ts'
import { ON_MISS } from './key-query.ts'
import { groupedByStatus, ROUTE, record } from './schemas.ts'

const header = (description: string, type: 'string' | 'integer' = 'string') => ({
  description,
  schema: { type },
})

const owned = { 'Cachemesh-Version': header('Rises with every write of the key.', 'integer') }
const found = {
  ...owned,
  ETag: header('Of this version in this form.'),
  'Cachemesh-Served': header('Where it was: `local`, `copy` or `forwarded`.'),
  'Cachemesh-Owner': header('Member that owns the key.'),
  'Cachemesh-Ttl': header('Time to live that remains, ms; absent without one.', 'integer'),
}

const bytes = { '*/*': { schema: {} } }
const KEY_ERRORS: readonly ErrorCode[] = [
  'ERR_INVALID_ARGUMENT',
  'ERR_INVALID_KEY',
  'ERR_INVALID_NAMESPACE',
  'ERR_FORBIDDEN_ORIGIN',
]
const CALL_ERRORS: readonly ErrorCode[] = [
  ...KEY_ERRORS,
  'ERR_UNAVAILABLE',
  'ERR_OVERLOADED',
  'ERR_CLOSED',
  'ERR_TIMEOUT',
]

const ifNoneMatch = { name: 'If-None-Match', in: 'header', schema: { type: 'string' } }
const accept = {
  name: 'Accept',
  in: 'header',
  description: 'With `application/vnd.msgpack` a structured value comes as it is stored, else as JSON.',
  schema: { type: 'string' },
}
const ttlDescription = 'Time to live: ms, or a text such as `5m`. Default: the namespace’s, or none.'
const ttl = [
  { name: 'ttl', in: 'query', description: ttlDescription, schema: { type: 'string' }, example: '5m' },
  { name: 'Cachemesh-Ttl', in: 'header', description: ttlDescription, schema: { type: 'string' } },
]

const onMiss = {
  name: 'onMiss',
  in: 'query',
  description:
    'On a miss: `miss`, 404; `load`, it is loaded by whichever process of the mesh can, once for all who ask; `source`, ' +
    '404 that says in `source` where the data store is.',
  schema: { type: 'string', enum: ON_MISS, default: 'miss' },
}

const get = {
  summary: 'The value of a key',
  tags: ['keys'],
  parameters: [onMiss, ifNoneMatch, accept],
  responses: {
    200: { description: 'The bytes, with their media type.', headers: found, content: bytes },
    304: { description: 'It is the version that If-None-Match names.', headers: found },
    ...errors('ERR_NOT_FOUND', 'ERR_INVALID_VALUE', 'ERR_LOADER', ...CALL_ERRORS),
  },
}

const ifMatch = {
  name: 'If-Match',
  in: 'header',
  description: 'The ETag that came with the value, or `*` for any: 412 when something else is there.',
  schema: { type: 'string' },
}
const onlyAbsent = {
  name: 'If-None-Match',
  in: 'header',
  description: '`*`: 412 when there is anything.',
  schema: { type: 'string', enum: ['*'] },
}
const tag = {
  name: 'tag',
  in: 'query',
  description: `Groups that it is deleted with, up to ${LIMITS.tagsMax}.`,
  schema: { type: 'array', items: { type: 'string' } },
}

const put = {
  summary: 'Store bytes under a key',
  tags: ['keys'],
  parameters: [...ttl, tag, ifMatch, onlyAbsent],
  requestBody: { description: `Up to ${LIMITS.valueBytesMax} bytes, kept as they are.`, content: bytes },
  responses: {
    204: { description: 'The owner has it.', headers: { ...owned, ETag: found.ETag } },
    ...errors(
      'ERR_INVALID_TTL',
      'ERR_VALUE_TOO_LARGE',
      'ERR_REQUEST_TIMEOUT',
      'ERR_VERSION_CONFLICT',
      ...CALL_ERRORS,
    ),
  },
}

const number = (name: string, description: string) => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string', pattern: '^[0-9]{1,20}$' },
})

const post = {
  summary: 'Change what is there: count, add bytes, give a new time to live',
  tags: ['keys'],
  parameters: [
    { name: 'do', in: 'query', required: true, schema: { type: 'string', enum: KEY_OPERATIONS } },
    number('by', 'increment, decrement: by how much. Default: 1.'),
    number('initial', 'increment, decrement: what a counter begins with that is not there.'),
    ...ttl,
    tag,
  ],
  requestBody: { description: 'append, prepend: the bytes to add.', content: bytes },
  responses: {
    200: {
      description: 'What the counter stands at.',
      headers: { ...owned, ETag: found.ETag },
      content: json(record({ count: { type: 'string' } }), { count: '42' }),
    },
    204: { description: 'The owner has it.', headers: { ...owned, ETag: found.ETag } },
    ...errors(
      'ERR_NOT_FOUND',
      'ERR_WRONG_TYPE',
      'ERR_INVALID_TTL',
      'ERR_VALUE_TOO_LARGE',
      'ERR_REQUEST_TIMEOUT',
      ...CALL_ERRORS,
    ),
  },
}

const remove = {
  summary: 'Remove a key',
  tags: ['keys'],
  parameters: [ifMatch],
  responses: {
    200: {
      description: 'Whether there was one.',
      content: json(record({ deleted: { type: 'boolean' } }), { deleted: true }),
    },
    ...errors('ERR_VERSION_CONFLICT', ...CALL_ERRORS),
  },
}

const route = {
  summary: 'Who is responsible for a key',
  tags: ['mesh'],
  responses: {
    200: {
      description: 'By the view of the node that is asked.',
      content: json(ROUTE, routeExample),
    },
    ...errors(...KEY_ERRORS),
  },
}

const key = {
  name: 'key',
  in: 'path',
  required: true,
  description: `Percent-encoded UTF-8, up to ${LIMITS.keyBytesMax} bytes decoded; a slash is written %2F.`,
  schema: { type: 'string' },
  examples: { plain: { value: 'greeting' }, slash: { value: 'a/b', summary: 'in the path: a%2Fb' } },
}
const namespace = {
  name: 'namespace',
  in: 'path',
  required: true,
  schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
  example: 'users',
}

const keyOperations = {
  get,
  head: { ...get, summary: 'The headers of a GET' },
  put,
  post,
  delete: remove,
}
const inDefault = `In the namespace \`${DEFAULT_NAMESPACE}\`.`

export const keyPaths: Record<string, object> = {
  '/v1/keys/{namespace}/{key}': { parameters: [namespace, key], ...keyOperations },
  '/v1/keys/{key}': { description: inDefault, parameters: [key], ...keyOperations },
  '/v1/route/{namespace}/{key}': { parameters: [namespace, key], get: route },
  '/v1/route/{key}': { description: inDefault, parameters: [key], get: route },
}

function errors(...codes: ErrorCode[]): object {
  return Object.fromEntries(
    [...groupedByStatus(codes)].map(([status, { description, first }]) => {
      const example = { error: { code: first, message: ERRORS[first].meaning } }
      return [status, { description, content: json({ $ref: '#/components/schemas/Error' }, example) }]
    }),
  )
}

function json(schema: object, example: object): object {
  const { examples: _own, ...plain } = schema as { examples?: unknown }
  return { 'application/json': { schema: plain, example } }
}
