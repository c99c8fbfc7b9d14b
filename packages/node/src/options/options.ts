import { BOUNDS, type Change, checkChange, POLICIES, type PolicyName } from '@cachemesh/core'
import { parseAddress } from '@cachemesh/libp2p'
import { CacheMeshError, LIMITS, utf8Length } from '@cachemesh/protocol'
import type { MemberStorage } from '../data-dir/member-storage.ts'
import { type MeshConfiguration, readChange } from '../mesh/change.ts'
import { type Duration, parseDuration } from './duration.ts'
import { parseKeys, readKeyFile } from './mesh-key.ts'
import { parseSize, type Size } from './size.ts'

/** How to start a member of a mesh. Every option has a default; without any it is a mesh of its own on loopback. */
export interface MembershipOptions {
  /** Addresses of nodes that may be up, `HOST:PORT` or multiaddrs. They are tried for ever. Default none. */
  readonly seeds?: readonly string[]
  /** Where to listen for other nodes, `HOST:PORT`; port 0 takes a free one. Default `'127.0.0.1:0'`. */
  readonly listen?: string | readonly string[]
  /** Addresses told to other nodes where they differ from the listening ones (NAT, containers). */
  readonly advertise?: string | readonly string[]
  /** Mesh key, 64 hex digits; of several the first is used and all are accepted. Needed off loopback. */
  readonly key?: string | readonly string[]
  /** File with one mesh key per line instead of `key`. */
  readonly keyFile?: string
  /** Name of the mesh. Nodes of different names never join, whatever their keys. Default `'cachemesh'`. */
  readonly mesh?: string
  /** Directory for identity and configuration, so that a restart is the same member. Default: memory only. */
  readonly dataDir?: string
  /** Keeps identity and configuration in place of a data directory. */
  readonly storage?: MemberStorage
  /** Failure domain, such as a rack or an availability zone. Default `''`. */
  readonly zone?: string
  /** What the mesh agrees on at first, if this node founds it; into one that is there it brings nothing. */
  readonly configuration?: MeshConfiguration
  /** Channel encryption that this node prefers. Default `'tls'`. */
  readonly encryption?: 'tls' | 'noise'
}

/** How to start a node of a cache mesh. */
export interface NodeOptions extends MembershipOptions {
  /** Budget for entries, keys and overhead included. Default `'64mb'`. */
  readonly memory?: Size
  /**
   * Which entries stay when not all can. `'adaptive'` (default): S3-FIFO, or LRU where the popular keys change, whichever
   * hits more often; `'s3-fifo'`; `'lru'`: those that were used last; `'cost'`: those that took long to make.
   */
  readonly eviction?: PolicyName
  /** Share of `memory` for copies of what others own, 0.05 to 0.95. Default: it follows what their hits are worth. */
  readonly copies?: number
  /**
   * Share of the ring relative to other members, 0 to 100. With 0 it owns nothing, and stands in for keys whose owner and
   * replicas cannot be reached. Default 1.
   */
  readonly weight?: number
  /** Deadline of every call. Default: what the configuration says, or `'5s'`. */
  readonly timeout?: Duration
}

/** Options after checking: no unions, no units. */
export interface Settings {
  /** It answers requests for keys. */
  readonly caches: boolean
  readonly seeds: readonly string[]
  readonly listen: readonly string[]
  readonly advertise: readonly string[]
  readonly keys: readonly Uint8Array[]
  readonly meshId: string
  readonly dataDir: string | undefined
  readonly storage: MemberStorage | undefined
  readonly cacheBytes: number
  readonly eviction: { readonly policy: PolicyName; readonly copiesShare?: number }
  readonly weight: number
  readonly zone: string
  readonly timeoutMs: number | undefined
  readonly initial: Change | undefined
  readonly encryption: 'tls' | 'noise'
}

const OF_MEMBERS: readonly (keyof MembershipOptions)[] = [
  'seeds',
  'listen',
  'advertise',
  'key',
  'keyFile',
  'mesh',
  'dataDir',
  'storage',
  'zone',
  'configuration',
  'encryption',
]
const OF_NODES: readonly (keyof NodeOptions)[] = [
  ...OF_MEMBERS,
  'memory',
  'eviction',
  'copies',
  'weight',
  'timeout',
]

/**
 * Throws ERR_INVALID_ARGUMENT, ERR_INVALID_ADDRESS, ERR_MESH_KEY, ERR_INVALID_TTL, ERR_MALFORMED_CONFIGURATION or
 * ERR_INVALID_NAMESPACE; reads the key file.
 */
export async function readOptions(options: NodeOptions): Promise<Settings> {
  checkNames(options, OF_NODES)
  return read(options)
}

/** Likewise for a member that caches nothing. */
export async function readMembershipOptions(options: MembershipOptions): Promise<Settings> {
  checkNames(options, OF_MEMBERS)
  // It owns no keys; what the least budget would hold it never holds.
  return { ...(await read({ ...options, weight: 0, memory: BOUNDS.cacheBytesMin })), caches: false }
}

function checkNames(options: object, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw invalid('The options of a node are an object')
  for (const name of Object.keys(options)) {
    if (!names.includes(name))
      throw invalid(`There is no option ${JSON.stringify(name)}; there are ${names.join(', ')}`)
  }
}

async function read(options: NodeOptions): Promise<Settings> {
  const { weight = 1, zone = '', mesh = 'cachemesh', encryption = 'tls' } = options
  if (typeof mesh !== 'string' || mesh === '' || !mesh.isWellFormed() || utf8Length(mesh) > 255) {
    throw invalid('mesh is a name of 1 to 255 bytes')
  }
  if (typeof weight !== 'number' || !(weight >= 0 && weight <= LIMITS.weightMax)) {
    throw invalid(`weight is ${String(weight)}; give a number from 0 to ${LIMITS.weightMax}`)
  }
  if (typeof zone !== 'string' || zone.length > LIMITS.namespaceLengthMax) {
    throw invalid(`zone is a text of up to ${LIMITS.namespaceLengthMax} characters`)
  }
  if (encryption !== 'tls' && encryption !== 'noise') throw invalid("encryption is 'tls' or 'noise'")
  if (options.key !== undefined && options.keyFile !== undefined) {
    throw invalid('key and keyFile are two ways to say one thing: give one of them')
  }
  if (options.dataDir !== undefined && options.storage !== undefined) {
    throw invalid('dataDir and storage are two places for one thing: give one of them')
  }
  if (options.storage !== undefined && !isStorage(options.storage)) {
    throw invalid('storage has the functions load(name) and save(name, bytes)')
  }
  // One that can never be dialled would be tried for ever. Members are known by multiaddrs: so are seeds, to be recognised among them.
  const seeds = list(options.seeds, 'seeds').map(seed => parseAddress(seed).multiaddr)
  const keys =
    options.keyFile === undefined
      ? parseKeys(list(options.key, 'key'), 'the option key')
      : await readKeyFile(options.keyFile)
  return {
    seeds,
    listen: list(options.listen ?? '127.0.0.1:0', 'listen'),
    advertise: list(options.advertise, 'advertise'),
    keys,
    meshId: mesh,
    dataDir: options.dataDir,
    storage: options.storage,
    cacheBytes: parseSize(options.memory ?? '64mb', 'memory'),
    eviction: readEviction(options),
    weight,
    zone,
    timeoutMs: options.timeout === undefined ? undefined : parseDuration(options.timeout, 'timeout'),
    initial: readInitial(options.configuration),
    encryption,
    caches: true,
  }
}

function readEviction({ eviction = 'adaptive', copies }: NodeOptions): Settings['eviction'] {
  if (!POLICIES.includes(eviction)) throw invalid(`eviction is one of ${POLICIES.join(', ')}`)
  if (copies === undefined) return { policy: eviction }
  if (typeof copies !== 'number' || !(copies >= 0.05 && copies <= 0.95)) {
    throw invalid(`copies is ${String(copies)}; give a share of the memory from 0.05 to 0.95`)
  }
  return { policy: eviction, copiesShare: copies }
}

function isStorage({ load, save }: Partial<MemberStorage>): boolean {
  return typeof load === 'function' && typeof save === 'function'
}

function readInitial(configuration: MeshConfiguration | undefined): Change | undefined {
  if (configuration === undefined) return undefined
  if (typeof configuration !== 'object' || configuration === null) throw invalid('configuration is an object')
  const initial = readChange(configuration)
  checkChange(initial)
  return initial
}

function list(value: string | readonly string[] | undefined, what: string): readonly string[] {
  const values = value === undefined ? [] : typeof value === 'string' ? [value] : value
  if (Array.isArray(values) && values.every(item => typeof item === 'string')) return values
  throw invalid(`${what} is a text or a list of texts`)
}

function invalid(message: string): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_ARGUMENT', message)
}
