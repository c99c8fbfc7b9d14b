// The one loop: what happens becomes an input of the core, and its outputs are carried out. Nothing is
// decided here.

import {
  type Answer,
  Calls,
  type Contact,
  type Input,
  NodeCore,
  type Operation,
  type Output,
  packConfiguration,
  Responder,
  sent,
  writerFor,
} from '@cachemesh/core'
import { createTransport, type Link, type Transport } from '@cachemesh/libp2p'
import {
  CacheMeshError,
  DEFAULT_NAMESPACE,
  decodeMessage,
  type ErrorCode,
  encodeMessage,
  type Frame,
  KIND,
  type Message,
} from '@cachemesh/protocol'
import type { Kept, Remembered } from './data-dir/kept.ts'
import type { StorageState } from './data-dir/storage-state.ts'
import { drained, handedOver } from './drain.ts'
import type { NodeEmitter } from './events.ts'
import { NamespaceLoaders } from './loading/namespace-loaders.ts'
import { readAnnouncement, writeAnnouncement } from './mesh/announcement.ts'
import { Asks } from './mesh/asks.ts'
import type { OwnAttributes } from './mesh/change.ts'
import { type Gateways, OwnRecord } from './mesh/own-record.ts'
import type { Settings } from './options/options.ts'
import { Deadlines } from './requests/deadlines.ts'
import { Requests } from './requests/requests.ts'
import { Sweeps } from './requests/sweeps.ts'
import { instant, monotonic, present } from './time.ts'

/** An announcement larger than this is only a version; whoever lacks it pulls. */
const ANNOUNCEMENT_BYTES_MAX = 16 * 1024
/** A peer whose frames name another document is looked into no more often than this, ms. */
const STAMP_INTERVAL_MS = 50
const NOT_JOINED = 'This node has not joined its mesh yet: try again'
/** A dial that fails so has nothing new to tell, and is tried again. */
const SILENT: readonly ErrorCode[] = [
  'ERR_UNREACHABLE',
  'ERR_CONNECTION_REFUSED',
  'ERR_CLOSED',
  // The transport has told it already.
  'ERR_DUPLICATE_IDENTITY',
]

export interface RuntimeParts {
  readonly settings: Settings
  readonly remembered: Remembered
  readonly software: string
  readonly data: Kept | undefined
  readonly events: NodeEmitter
}

export class Runtime {
  readonly core: NodeCore
  readonly requests: Requests
  readonly deadlines: Deadlines = new Deadlines()
  readonly loaders: NamespaceLoaders
  readonly transport: Transport
  readonly #calls: Calls
  readonly #sweeps: Sweeps
  readonly #responder: Responder
  readonly #parts: RuntimeParts
  readonly #asks = new Asks()
  readonly #record: OwnRecord
  #joins = false
  #duplicate: CacheMeshError | undefined
  readonly #stampSeenAt = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #closed = false

  /** Does not listen yet, nor look for its mesh. Throws what `createTransport` throws. */
  static async create(parts: RuntimeParts): Promise<Runtime> {
    const { settings, remembered } = parts
    const core = new NodeCore(
      {
        id: remembered.identity.id,
        meshId: settings.meshId,
        seeds: settings.seeds,
        cacheBytes: settings.cacheBytes,
        eviction: settings.eviction,
        randomSeed: Math.floor(Math.random() * Number.MAX_SAFE_INTEGER),
        ...(settings.initial && { initial: settings.initial }),
        ...(remembered.configuration && { remembered: remembered.configuration }),
        absent: remembered.formerMembers.map(({ id, addresses }) => ({ name: id, addresses, peer: id })),
      },
      instant(),
    )
    const transport = await createTransport({
      meshId: settings.meshId,
      keys: settings.keys,
      identity: remembered.identity,
      listen: settings.listen,
      advertise: settings.advertise,
      encryption: settings.encryption,
      stamp: core.stamp,
      handlers: {
        linkUp: link => runtime.#linkUp(link),
        linkDown: (link, reason) => runtime.#linkDown(link, reason),
        frame: (link, frame) => runtime.#frame(link, frame),
        through: () => runtime.#responder.through(present),
        announcement: (bytes, from) => runtime.#announcement(bytes, from),
        refused: reason => parts.events.tell('warning', reason),
        duplicate: reason => runtime.#duplicated(reason),
      },
    })
    // Nothing is handed over before it listens.
    const runtime = new Runtime(core, transport, parts)
    return runtime
  }

  private constructor(core: NodeCore, transport: Transport, parts: RuntimeParts) {
    this.core = core
    this.loaders = new NamespaceLoaders(core.id)
    core.flights.loaders = this.loaders
    this.transport = transport
    this.#parts = parts
    this.#calls = new Calls(core, {
      links: transport.links,
      link: transport.link,
      open: peer => this.#open(peer),
    })
    this.#sweeps = new Sweeps(this.#calls)
    this.#responder = new Responder(core, this.#calls)
    if (!parts.settings.caches) this.#responder.leave()
    const { weight, zone } = parts.settings
    this.#record = new OwnRecord({ weight, zone, software: parts.software }, () => transport.addresses)
    this.requests = new Requests({ core, calls: this.#calls, sweeps: this.#sweeps, limits: this })
  }

  /** Of every call, ms. */
  get timeoutMs(): number {
    return this.ownTimeoutMs ?? this.core.settings.in(DEFAULT_NAMESPACE, 'timeoutMs')
  }

  /** What this node was started with; undefined: it goes by the mesh's. */
  get ownTimeoutMs(): number | undefined {
    return this.#parts.settings.timeoutMs
  }

  /** Says who this node is, and begins to look for its mesh. Throws ERR_INVALID_ARGUMENT for what no configuration may hold. */
  join(): void {
    this.#joins = true
    this.announce({})
  }

  /** Tells the mesh, once this node looks for it, where gateways answer. Throws ERR_INVALID_ARGUMENT as `join`, and changes nothing. */
  announce(gateways: Gateways): void {
    const attributes = this.#record.open(gateways)
    if (this.#joins) this.feed({ kind: 'attributes', attributes })
  }

  /**
   * Resolves to what the core answers. With `own` this node says that of itself from then on, unless the operation is
   * refused. Rejects with ERR_INVALID_ARGUMENT for what no configuration may hold, ERR_UNAVAILABLE before it has joined.
   */
  async operate(operation: Operation, own?: OwnAttributes): Promise<Answer> {
    if (this.#closed) throw new CacheMeshError('ERR_CLOSED', 'The node is closed')
    // A change of what the others agreed on, which is not known here, would override it later.
    if (this.core.state === 'joining') throw new CacheMeshError('ERR_UNAVAILABLE', NOT_JOINED)
    const change = own && this.#record.change(own)
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const ask = this.#asks.add(answer => {
      if (answer.kind === 'refused') change?.undo()
      resolve(answer)
    })
    this.feed({ kind: 'operation', ask, operation, ...(change && { attributes: change.attributes }) })
    return promise
  }

  /**
   * Gives the core an input and carries out what it answers. Never throws: it is called by timers and by the
   * transport, where an exception would end the process.
   */
  feed(input: Input): void {
    if (this.#closed) return
    try {
      this.#carryOut(this.core.step(input, instant()))
    } catch (cause) {
      const error = asError(cause)
      this.#parts.events.tell('warning', error)
      if (input.kind === 'operation') this.#asks.answer(input.ask, { kind: 'refused', error })
    }
    this.#schedule()
  }

  #carryOut(outputs: readonly Output[]): void {
    const { events, data } = this.#parts
    for (const output of outputs) {
      switch (output.kind) {
        case 'send':
          this.#send(output.to, output.message)
          break
        case 'announce':
          this.#announce({ kind: 'delta', delta: output.delta })
          break
        case 'dial':
          this.#dial(output.contact)
          break
        case 'unlink':
          this.transport.link(output.peer)?.close()
          break
        case 'absent':
          this.#keepFormer(output.contacts)
          break
        case 'suspicion':
          events.tell('suspicion', output.member, output.state)
          break
        case 'configuration':
          events.tellConfiguration(output.configuration)
          break
        case 'state':
          if (output.state === 'destroyed') this.#keepFormer([])
          events.tell('state', output.state)
          break
        case 'answer':
          this.#asks.answer(output.ask, output.answer)
          break
        case 'agreed':
          events.tell('agreed')
          break
        case 'persist':
          data?.keepConfiguration(output.bytes)
          break
        case 'refused':
          if (output.error.code === 'ERR_DUPLICATE_IDENTITY') this.#duplicated(output.error)
          else events.tell('warning', output.error)
          break
      }
    }
  }

  /** Members of a mesh that was destroyed are told so, but not kept. */
  #keepFormer(contacts: readonly Contact[]): void {
    const kept = this.core.configuration.destroyed ? [] : contacts
    this.#parts.data?.keepFormerMembers(kept.map(({ name, addresses }) => ({ id: name, addresses })))
  }

  /** Tells the mesh that this node goes, and waits until that has left it, and others have what it held. */
  async leave(): Promise<void> {
    this.#responder.leave()
    this.feed({ kind: 'leave' })
    await handedOver(this.core)
    await drained(this.transport.links)
  }

  /** Whether what this node knows would survive a restart. */
  get storage(): StorageState {
    const { data } = this.#parts
    return data === undefined ? 'none' : data.failing ? 'failing' : 'kept'
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#asks.close()
    this.#calls.close()
    this.#sweeps.close()
    this.deadlines.close()
    await this.transport.close()
    const { data } = this.#parts
    data?.keepConfiguration(packConfiguration(this.core.configuration))
    await data?.close()
  }

  /** Why the mesh does not take this process for the member that it says it is. */
  get duplicate(): CacheMeshError | undefined {
    return this.#duplicate
  }

  #duplicated(reason: CacheMeshError): void {
    this.#duplicate = reason
    this.#parts.events.tell('warning', reason)
  }

  #linkUp(link: Link): void {
    // Whoever stood down does not stand up again.
    if (this.core.state !== 'left') this.#duplicate = undefined
    this.feed({ kind: 'link-up', peer: link.peer })
    this.#calls.linkUp(link.peer, present)
    this.#sweeps.wind()
    this.#parts.events.tell('link', link.peer, true)
  }

  #linkDown(link: Link, _reason: CacheMeshError): void {
    this.#stampSeenAt.delete(link.peer)
    this.feed({ kind: 'link-down', peer: link.peer })
    this.#calls.linkDown(link.peer, present)
    this.#parts.events.tell('link', link.peer, false)
  }

  /** In a large mesh most members have no link to each other until a request needs one. */
  #open(peer: string): boolean {
    const { configuration, neighbours, replication } = this.core
    if (configuration.member(peer)?.state !== 'active') return false
    // A link to a neighbour is on its way without being asked for. Only who has just come waits for it.
    if (neighbours.has(peer)) return replication.expects(peer)
    this.feed({ kind: 'wanted', peer })
    return true
  }

  #frame(link: Link, frame: Frame): void {
    if (frame.digestPrefix !== this.core.stamp.digestPrefix) this.#stamped(link.peer, frame)
    if (frame.kind < KIND.hit) {
      this.core.used(link.peer)
      this.#responder.request(link, frame, present)
      // It may have been passed on.
      this.#sweeps.wind()
    } else if (frame.kind < KIND.pull) this.#calls.reply(link, frame, present)
    else this.#message(link.peer, frame)
  }

  #stamped(from: string, frame: Frame): void {
    const now = monotonic()
    if (now - (this.#stampSeenAt.get(from) ?? 0) < STAMP_INTERVAL_MS) return
    this.#stampSeenAt.set(from, now)
    this.feed({ kind: 'stamp', from, digestPrefix: frame.digestPrefix })
  }

  #message(from: string, frame: Frame): void {
    try {
      const message = decodeMessage(frame.kind, frame.body())
      this.feed({ kind: 'message', from, message, clock: frame.clock })
    } catch (error) {
      this.#parts.events.tell('warning', asError(error))
    }
  }

  #announcement(bytes: Uint8Array, from: string): void {
    try {
      const message = readAnnouncement(bytes)
      if (message.kind === 'delta') this.feed({ kind: 'announced', from, delta: message.delta })
      else this.feed({ kind: 'message', from, message })
    } catch (error) {
      this.#parts.events.tell('warning', asError(error))
    }
  }

  #send(to: string, message: Message): void {
    const link = this.transport.link(to)
    if (link === undefined) return
    const { kind, body } = encodeMessage(message)
    // Peers compare their clocks with this one: it has to be the time of sending.
    this.core.stamp.clock = this.core.store.clock.current(Date.now())
    const writer = writerFor(link, this.core.stamp, body.length)
    writer.message(kind, 0, body)
    // Requests and replies say what was written or seen: what they lead to is newer.
    this.core.stamp.clock = this.core.store.clock.last
    sent(link, writer)
  }

  #announce(message: Message): void {
    const bytes = writeAnnouncement(message)
    if (bytes.length <= ANNOUNCEMENT_BYTES_MAX) this.transport.announce(bytes)
    else this.#announce({ kind: 'version', version: this.core.configuration.version })
  }

  #dial(contact: Contact): void {
    this.transport.dial(contact.addresses, contact.peer).then(
      link => this.feed({ kind: 'dialled', contact: contact.name, peer: link.peer }),
      (error: CacheMeshError) => {
        // A seed address may be this node's own.
        if (error.code === 'ERR_INVALID_ARGUMENT') {
          this.feed({ kind: 'dialled', contact: contact.name, peer: this.core.id })
          return
        }
        this.feed({ kind: 'dial-failed', contact: contact.name, code: error.code })
        if (!SILENT.includes(error.code)) this.#parts.events.tell('warning', error)
      },
    )
  }

  #schedule(): void {
    if (this.#closed || this.core.wakeAt === this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = this.core.wakeAt
    if (this.#timerAt === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(this.#wake, Math.max(1, this.#timerAt - monotonic()))
  }

  readonly #wake = (): void => {
    this.#timerAt = Number.POSITIVE_INFINITY
    this.feed({ kind: 'tick' })
  }
}

function asError(error: unknown): CacheMeshError {
  if (error instanceof CacheMeshError) return error
  return new CacheMeshError('ERR_INTERNAL', 'A message could not be handled', { cause: error })
}
