import { decodeMessage, encodeMessage, KIND, type Message } from '@cachemesh/protocol'
import type { Said } from '../network/letter.ts'

/** Messages kept of each kind of work; then it starts anew. */
const KEPT_MAX = 4_096
/** Bytes of a body worth comparing. Longer ones are whole documents, which are sent to one node each. */
const BODY_MAX = 8_192
/** Of messages that differ one in so many is read from its bytes, a power of two; the others are what they were. */
const READ_ONE_IN = 8

type Beat = Message & { readonly kind: 'beat' }

/**
 * The codec of the protocol, which does nothing twice. Equal bytes are one message at every node of the run, and
 * messages are immutable; most of what nodes say is said in the same words by many.
 */
export class Codec {
  /** What was encoded, by the object that says all of it: the same for all who are told. */
  readonly #said = new Map<object, Said>()
  /** What was read, by the hash of the bytes; of two with one hash the later is kept. */
  readonly #decoded = new Map<number, Said>()
  /** Bodies of beats are not looked into, only their sizes: see `beat`. */
  readonly #beats: (Uint8Array | undefined)[] = []

  encode(message: Message): Said {
    if (message.kind === 'beat') return this.#beat(message)
    const shared = sharedOf(message)
    let known = this.#said.get(shared)
    if (known === undefined) {
      known = said(message)
      if (this.#said.size >= KEPT_MAX) this.#said.clear()
      this.#said.set(shared, known)
    }
    return known
  }

  /**
   * Half of all that is sent are beats, which are a few numbers: one of each size is encoded and read, the others are
   * what they were before.
   */
  #beat(beat: Beat): Said {
    const sizes =
      sizeOf(beat.seq) * 36 + sizeOf(beat.echo) * 6 + (beat.load === undefined ? 0 : sizeOf(beat.load))
    let body = this.#beats[sizes]
    let message: Message | undefined = beat
    if (body === undefined) {
      body = encodeMessage(beat).body
      this.#beats[sizes] = body
      message = undefined
    }
    const hash = Math.imul(Math.imul(beat.seq, 0x01000193) ^ beat.echo, 0x01000193) ^ (beat.load ?? -1)
    return { kind: KIND.beat, body, hash: beat.urgent ? ~hash : hash, message }
  }

  /** Throws as `decodeMessage` does. */
  decode(said: Said): Message {
    said.message ??= this.#read(said)
    return said.message
  }

  #read(said: Said): Message {
    const { kind, body, hash } = said
    if (body.length > BODY_MAX) return readOrKnown(said)
    const known = this.#decoded.get(hash)
    if (known?.message !== undefined && known.kind === kind && same(known.body, body)) return known.message
    if (this.#decoded.size >= KEPT_MAX) this.#decoded.clear()
    this.#decoded.set(hash, said)
    return readOrKnown(said)
  }
}

/** To read costs more than all that a node does with most messages. What is read wrong is so in one of eight too. */
function readOrKnown({ kind, body, hash, original }: Said): Message {
  return original !== undefined && hash % READ_ONE_IN !== 0 ? original : decodeMessage(kind, body)
}

/** Deltas and documents are told to many, each time in another message. */
function sharedOf(message: Message): object {
  if (message.kind === 'delta') return message.delta
  if (message.kind === 'version') return message.version
  return message.kind === 'pull' ? message.summary : message
}

/** Bytes of a number, from 1 to 5 in order. */
function sizeOf(value: number): number {
  return value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x10000 ? 3 : value < 0x100000000 ? 4 : 5
}

function said(message: Message): Said {
  const { kind, body } = encodeMessage(message)
  return { kind, body, hash: hashOf(kind, body), message: undefined, original: message }
}

/** FNV-1a, to find what may be equal. */
function hashOf(kind: number, body: Uint8Array): number {
  let hash = 0x811c9dc5 ^ kind
  for (let i = 0; i < body.length; i++) hash = Math.imul(hash ^ (body[i] as number), 0x01000193)
  return hash
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
