// What a node is started with: flags, over a configuration file, over defaults.

import { readFile } from 'node:fs/promises'
import { CacheMeshError } from '@cachemesh/protocol'
import type { MeshConfiguration, NodeOptions } from 'cachemesh'

/** As the command line gives them: everything is text. */
export interface StartFlags {
  readonly listen?: readonly string[]
  readonly advertise?: readonly string[]
  readonly seed?: readonly string[]
  readonly keyFile?: string
  readonly dataDir?: string
  readonly memory?: string
  /** The node checks it. */
  readonly eviction?: NonNullable<NodeOptions['eviction']>
  readonly weight?: string
  readonly zone?: string
  readonly mesh?: string
  /** Only in a file. */
  readonly configuration?: MeshConfiguration
  readonly api?: string
  readonly format?: 'text' | 'json'
  readonly config?: string
  readonly attached?: boolean
}

export interface StartOptions {
  readonly node: NodeOptions
  /** `HOST:PORT` of the HTTP API. */
  readonly api: string
  readonly format: 'text' | 'json'
  /** Leave when stdin ends. */
  readonly attached: boolean
}

const LISTEN = '127.0.0.1:7400'
const API = '127.0.0.1:7480'

type Kind = 'text' | 'list' | 'size' | 'number' | 'object'

/** Every option that a file may set, under its name there, which is its flag without the dashes. */
const KINDS: Readonly<Record<string, Kind>> = {
  listen: 'list',
  advertise: 'list',
  seed: 'list',
  'key-file': 'text',
  'data-dir': 'text',
  memory: 'size',
  eviction: 'text',
  weight: 'number',
  zone: 'text',
  mesh: 'text',
  configuration: 'object',
  api: 'text',
  format: 'text',
}

/** Throws ERR_INVALID_ARGUMENT. The node checks the values themselves. */
export async function readStartOptions(flags: StartFlags): Promise<StartOptions> {
  const file = flags.config === undefined ? {} : await readConfigFile(flags.config)
  const { config, attached = false, ...given } = flags
  const { seed, listen, advertise, weight, api, format, ...rest } = { ...file, ...given }
  if (format !== undefined && format !== 'text' && format !== 'json')
    throw invalid(`format is ${JSON.stringify(format)}; it is text or json`)
  return {
    node: {
      ...rest,
      listen: addresses(listen ?? [LISTEN]),
      ...(seed && { seeds: addresses(seed) }),
      ...(advertise && { advertise: addresses(advertise) }),
      ...(weight !== undefined && { weight: toNumber(weight) }),
    },
    api: api ?? API,
    format: format ?? 'text',
    attached,
  }
}

/** `--seed a b`, `--seed a --seed b` and `--seed a,b` say the same. */
function addresses(texts: readonly string[]): string[] {
  return texts
    .flatMap(text => text.split(','))
    .map(text => text.trim())
    .filter(text => text !== '')
}

function toNumber(weight: string | number): number {
  const number = typeof weight === 'string' && weight.trim() !== '' ? Number(weight) : weight
  if (typeof number === 'number' && !Number.isNaN(number)) return number
  throw invalid(`weight is ${JSON.stringify(weight)}; give a number from 0 to 100`)
}

async function readConfigFile(path: string): Promise<StartFlags> {
  let content: unknown
  try {
    content = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
    throw invalid(`The configuration file ${path} cannot be read (${reason})`, cause)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw invalid(`The configuration file ${path} is not a JSON object`)
  const unknown = Object.keys(content).filter(name => !Object.hasOwn(KINDS, name))
  if (unknown.length > 0) {
    throw invalid(
      `The configuration file ${path} sets ${unknown.map(name => JSON.stringify(name)).join(', ')}, which is no option; there are ${Object.keys(KINDS).join(', ')}`,
    )
  }
  return Object.fromEntries(
    Object.entries(content).map(([name, value]) => [
      name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
      checked(value, { name, path }),
    ]),
  )
}

function checked(value: unknown, { name, path }: { name: string; path: string }): unknown {
  const kind = KINDS[name] as Kind
  if (typeof value === 'string' && kind !== 'object') return kind === 'list' ? [value] : value
  if (kind === 'list' && Array.isArray(value) && value.every(item => typeof item === 'string')) return value
  if ((kind === 'number' || kind === 'size') && typeof value === 'number') return value
  if (kind === 'object' && typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  const wanted = {
    text: 'a text',
    list: 'a text or a list of texts',
    size: 'a size',
    number: 'a number',
    object: 'an object',
  }
  throw invalid(`${name} in the configuration file ${path} is not ${wanted[kind]}`)
}

function invalid(message: string, cause?: unknown): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_ARGUMENT', message, { cause })
}
