// The mesh's configuration, for programs that follow it: at once, when it differs from theirs, or when it is
// newer than theirs.

import { CacheMeshError } from '@cachemesh/protocol'
import { type CacheMeshNode, type ConfigurationView, parseDuration } from 'cachemesh'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ConfigurationWatch } from './configuration-watch.ts'
import { etagOfVersion, noneMatches } from './etag.ts'
import { answers, CONFIGURATION, refusals, VERSION } from './schemas.ts'

const WAIT_DEFAULT_MS = 30_000
const WAIT_MAX_MS = 60_000

const querystring = {
  type: 'object',
  additionalProperties: false,
  properties: {
    after: {
      type: 'integer',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Answer only with a serial above this one; wait for it.',
      examples: [41],
    },
    wait: {
      type: 'string',
      description: 'How long to wait with `after`: ms, or a text such as `30s`. At most 60 s; 0 never waits.',
      default: '30s',
      examples: ['30s'],
    },
  },
} as const

interface Query {
  readonly after?: number
  readonly wait?: string
}

export function configurationRoutes(app: FastifyInstance, node: CacheMeshNode): void {
  const watch = new ConfigurationWatch(node)
  // The answers go out in this turn; the connections end in the next one.
  app.addHook('preClose', done => {
    watch.close()
    setImmediate(done)
  })

  const document = rendered(view => view)
  const version = rendered(({ version }) => version)
  const route = (url: string, body: Rendered, summary: string, schema: object) =>
    app.get<{ Querystring: Query }>(
      url,
      {
        schema: {
          summary,
          tags: ['mesh'],
          querystring,
          response: {
            ...answers({
              200: schema,
              204: 'No newer one came in time.',
              304: 'It is the one that If-None-Match names.',
            }),
            ...refusals('ERR_INVALID_ARGUMENT', 'ERR_FORBIDDEN_ORIGIN', 'ERR_OVERLOADED', 'ERR_CLOSED'),
          },
        },
      },
      async (request, reply) => {
        const { after, wait } = request.query
        const waitMs = readWait(wait)
        if (after === undefined) return send(request, reply, body(node.configuration))
        const gone = (end: () => void) => reply.raw.once('close', end)
        const view = await watch.newer(after, { waitMs, gone })
        return view === undefined ? reply.code(204).send() : send(request, reply, body(view))
      },
    )
  route('/v1/configuration', document, 'The configuration of the mesh', CONFIGURATION)
  route('/v1/configuration/version', version, 'The version of the configuration', VERSION)
}

interface Text {
  readonly etag: string
  readonly json: string
}

type Rendered = (view: ConfigurationView) => Text

/** However many wait, a configuration becomes text once. */
function rendered(part: (view: ConfigurationView) => object): Rendered {
  let last: { readonly view: ConfigurationView; readonly text: Text } | undefined
  return view => {
    if (last?.view !== view) {
      last = { view, text: { etag: etagOfVersion(view.version), json: JSON.stringify(part(view)) } }
    }
    return last.text
  }
}

function send(request: FastifyRequest, reply: FastifyReply, { etag, json }: Text): FastifyReply {
  reply.header('etag', etag)
  if (noneMatches(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').send(json)
}

function readWait(text: string | undefined): number {
  if (text === undefined) return WAIT_DEFAULT_MS
  if (/^0(ms|s|m|h|d)?$/.test(text)) return 0
  const duration = /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
  try {
    return Math.min(parseDuration(duration), WAIT_MAX_MS)
  } catch (cause) {
    const message = `wait is ${JSON.stringify(text)}; give milliseconds or a text such as '30s'`
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', message, { cause })
  }
}
