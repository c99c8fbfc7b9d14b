import { decodeMessage, type EncodedMessage, encodeMessage, type Message } from '@cachemesh/protocol'

/** Messages kept of each kind of work; then it starts anew. */
const KEPT_MAX = 4_096
/** Messages that are told to peers by turns. */
const RECENT = 8
/** Bytes of a body worth comparing. Longer ones are whole documents, which are sent to one node each. */
const BODY_MAX = 8_192

interface Decoded {
  readonly kind: number
  readonly body: Uint8Array
  readonly message: Message
}

/**
 * The codec of the protocol, which does nothing twice. Equal bytes are one message at every node of the run, and
 * messages are immutable; most of what nodes say is said in the same words by many.
 */
export class Codec {
  readonly #beats = new Map<number, EncodedMessage>()
  /** What was encoded last, by the delta or the message: what is one object for several peers is sent to them in a row. */
  readonly #said: (object | undefined)[] = new Array(RECENT).fill(undefined)
  readonly #encoded: (EncodedMessage | undefined)[] = new Array(RECENT).fill(undefined)
  #turn = 0
  /** By a hash of the bytes; of two with one hash the later is kept. */
  readonly #decoded = new Map<number, Decoded>()

  encode(message: Message): EncodedMessage {
    // Of nodes that are asked for something each says something else.
    if (message.kind === 'beat' && (message.load ?? 0) > 0) return encodeMessage(message)
    if (message.kind === 'beat') {
      // No process of a run counts to two million.
      const rest = (message.urgent ? 1 : 0) + (message.load === undefined ? 0 : 2)
      const words = (message.seq * 2 ** 21 + message.echo) * 4 + rest
      let beat = this.#beats.get(words)
      if (beat === undefined) {
        beat = encodeMessage(message)
        if (this.#beats.size >= KEPT_MAX) this.#beats.clear()
        this.#beats.set(words, beat)
      }
      return beat
    }
    const shared = message.kind === 'delta' ? message.delta : message
    const place = this.#said.indexOf(shared)
    if (place >= 0) return this.#encoded[place] as EncodedMessage
    const encoded = encodeMessage(message)
    this.#said[this.#turn] = shared
    this.#encoded[this.#turn] = encoded
    this.#turn = (this.#turn + 1) % RECENT
    return encoded
  }

  /** Throws as `decodeMessage` does. */
  decode(kind: number, body: Uint8Array): Message {
    if (body.length > BODY_MAX) return decodeMessage(kind, body)
    const hash = hashOf(kind, body)
    const known = this.#decoded.get(hash)
    if (known?.kind === kind && same(known.body, body)) return known.message
    const message = decodeMessage(kind, body)
    if (this.#decoded.size >= KEPT_MAX) this.#decoded.clear()
    // The bytes are those of a reader, which may write over them.
    this.#decoded.set(hash, { kind, body: body.slice(), message })
    return message
  }
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
