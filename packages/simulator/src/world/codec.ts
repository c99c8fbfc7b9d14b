import { decodeMessage, type EncodedMessage, encodeMessage, type Message } from '@cachemesh/protocol'

/** Messages kept of each kind of work; then it starts anew. */
const KEPT_MAX = 4_096
/** Bytes of a body worth comparing. Longer ones carry documents, which differ. */
const BODY_MAX = 48

/**
 * The codec of the protocol, which does nothing twice. Equal bytes are one message at every node of the run, and
 * messages are immutable; most of what nodes say is said in the same words by many.
 */
export class Codec {
  readonly #beats = new Map<string, EncodedMessage>()
  readonly #decoded = new Map<string, Message>()

  encode(message: Message): EncodedMessage {
    if (message.kind !== 'beat') return encodeMessage(message)
    const words = `${message.seq} ${message.echo} ${message.urgent}`
    return remember(this.#beats, words, () => encodeMessage(message))
  }

  /** Throws as `decodeMessage` does. */
  decode(kind: number, body: Uint8Array): Message {
    if (body.length > BODY_MAX) return decodeMessage(kind, body)
    let words = String.fromCharCode(kind)
    for (let i = 0; i < body.length; i++) words += String.fromCharCode(body[i] as number)
    return remember(this.#decoded, words, () => decodeMessage(kind, body))
  }
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key)
  if (found !== undefined) return found
  if (known.size >= KEPT_MAX) known.clear()
  const made = make()
  known.set(key, made)
  return made
}
