import type { Input } from '@cachemesh/core'

/** Everything of a run that a line of the trace is made of. */
export type Noted = string | number | Uint8Array

/**
 * Hash over everything that happens in a run, in order: two runs are the same when their digests are. Two
 * lanes of 32 bits, mixed as in MurmurHash3; it is compared with itself only and protects nothing.
 */
export class Trace {
  readonly #print: ((line: string) => void) | undefined
  readonly #number = new Float64Array(1)
  readonly #halves = new Uint32Array(this.#number.buffer)
  /** Most texts are ids and digests, which come again and again: each is hashed once. */
  readonly #texts = new Map<string, number>()
  #line = ''
  #a = 0x9747b28c
  #b = 0x3c6ef372

  /** With `print` every line is also written out, for people. */
  constructor(print?: (line: string) => void) {
    this.#print = print
  }

  note(now: number, what: string, ...details: Noted[]): void {
    this.begin(now, what)
    for (const detail of details) this.add(detail)
    this.end()
  }

  /** A line in parts: `begin`, any number of `add`, `end`. What happens most is noted without a list of it. */
  begin(now: number, what: string): void {
    this.#add(now)
    this.#add(what)
    if (this.#print !== undefined) this.#line = `${now.toFixed(3).padStart(12)} ${what}`
  }

  add(detail: Noted): void {
    this.#add(detail)
    if (this.#print !== undefined) this.#line += ` ${readable(detail)}`
  }

  end(): void {
    // Lines of any number of parts are kept apart.
    this.#word(END)
    this.#print?.(this.#line)
  }

  /** 16 hex digits. */
  get digest(): string {
    return [this.#a, this.#b].map(lane => finish(lane).toString(16).padStart(8, '0')).join('')
  }

  #add(noted: Noted): void {
    if (typeof noted === 'number') {
      this.#number[0] = noted
      this.#word(this.#halves[0] as number)
      this.#word(this.#halves[1] as number)
      return
    }
    // The length keeps 'ab','c' and 'a','bc' apart.
    this.#word(noted.length)
    if (typeof noted === 'string') this.#word(this.#textHash(noted))
    else this.#bytes(noted)
  }

  #textHash(text: string): number {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    let hash = 0x811c9dc5
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    this.#texts.set(text, hash)
    return hash
  }

  /** Values are long, and follow from who wrote them: of what is long a part says enough. */
  #bytes(bytes: Uint8Array): void {
    const { length } = bytes
    const step = Math.max(4, Math.floor(length / WORDS_MAX))
    for (let i = 0; i < length; i += step) {
      this.#word(
        (bytes[i] as number) |
          ((bytes[i + 1] as number) << 8) |
          ((bytes[i + 2] as number) << 16) |
          ((bytes[i + 3] as number) << 24),
      )
    }
  }

  #word(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x85ebca6b)
    this.#a ^= this.#a >>> 15
    this.#b = (Math.imul(this.#b + word, 0xc2b2ae35) + this.#a) | 0
    this.#b ^= this.#b >>> 13
  }
}

/** Of what is long: so many at most are looked at. */
const WORDS_MAX = 128
const END = 0x2545f491

function finish(lane: number): number {
  const mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

function readable(noted: Noted): string {
  return noted instanceof Uint8Array ? `${noted.length} bytes` : String(noted)
}

/** What makes one input differ from another of its kind. Messages were noted in bytes when they were sent. */
export function traceInput(trace: Trace, input: Input): void {
  switch (input.kind) {
    case 'link-up':
    case 'link-down':
    case 'wanted':
      trace.add(input.peer)
      break
    case 'dialled':
      trace.add(input.contact)
      trace.add(input.peer)
      break
    case 'dial-failed':
      trace.add(input.contact)
      trace.add(input.code)
      break
    case 'message':
      trace.add(input.from)
      trace.add(input.message.kind)
      trace.add(input.clock ?? 0)
      break
    case 'announced':
      trace.add(input.from)
      trace.add(input.delta.version.serial)
      trace.add(input.delta.version.digest)
      break
    case 'stamp':
      trace.add(input.from)
      trace.add(input.digestPrefix)
      break
    case 'attributes':
      trace.add(JSON.stringify(input.attributes))
      break
    case 'operation':
      trace.add(input.ask)
      trace.add(JSON.stringify(input.operation))
      break
    default:
  }
}
