import type { AlteredBody, BatchAnswer, EntryBody, Stamp } from '@cachemesh/protocol'
import { FLAG, LIMITS } from '@cachemesh/protocol'
import { type Outlet, overloaded, QUEUED_BYTES_MAX, sent, writerFor } from './outlet.ts'
import { KeyReply, said } from './reply.ts'

/** What an answer has beside its value, at most. */
const ANSWER_BYTES = 300
const SMALL_BYTES_MAX = LIMITS.smallFrameBytesMax - 2_048

/** Gathers the answers to the keys of a batch, and sends them when there is one to each. */
export class BatchReply {
  readonly #outlet: Outlet
  readonly #id: number
  readonly #stamp: Stamp
  readonly #answers: BatchAnswer[] = []
  #open = 0
  #bytes = 0
  /** Numbers of the answers that may be copied, and for how long at least. */
  #granted: number[] = []
  #leaseMs = Number.POSITIVE_INFINITY
  /** Values are still those in the store, and nothing was written since. */
  #borrows = true

  constructor(outlet: Outlet, id: number, stamp: Stamp) {
    this.#outlet = outlet
    this.#id = id
    this.#stamp = stamp
  }

  /** Where the answer to the key at this place goes. All places have to be taken before `asked` is called. */
  place(place: number): KeyReply {
    this.#open++
    return new PlaceReply(place, this)
  }

  /** A value of so many bytes may still leave with the small frames, where nothing that is said later overtakes it. */
  isSmallWith(bytes: number): boolean {
    const all = this.#bytes + bytes + (this.#answers.length + this.#open) * ANSWER_BYTES
    return all <= SMALL_BYTES_MAX
  }

  /** All keys were asked for. Those that other members answer for come later. */
  asked(): void {
    this.#borrows = false
    if (this.#open === 0) {
      this.#send()
      return
    }
    // Until the others have answered somebody may write a key, and its holder is told before it has the grant.
    this.#withdraw()
    this.#answers.forEach((answer, i) => {
      if (answer.kind === 'hit') this.#answers[i] = { ...answer, entry: owned(answer.entry) }
    })
  }

  add(answer: BatchAnswer, leaseMs = 0): void {
    this.#open--
    if (leaseMs > 0) {
      this.#granted.push(this.#answers.length)
      this.#leaseMs = Math.min(this.#leaseMs, leaseMs)
    }
    if (answer.kind !== 'hit') this.#answers.push(answer)
    else this.#addHit(answer)
    if (this.#open === 0 && !this.#borrows) this.#send()
  }

  #addHit(answer: Extract<BatchAnswer, { kind: 'hit' }>): void {
    const bytes = this.#bytes + answer.entry.value.length
    if (bytes > LIMITS.batchBytesMax) {
      this.#answers.push({ place: answer.place, kind: 'miss', flags: answer.flags | FLAG.apart })
      return
    }
    this.#bytes = bytes
    this.#answers.push(this.#borrows ? answer : { ...answer, entry: owned(answer.entry) })
  }

  #withdraw(): void {
    for (const i of this.#granted) {
      const answer = this.#answers[i] as BatchAnswer
      this.#answers[i] = { ...answer, flags: answer.flags & ~FLAG.copied }
    }
    this.#granted = []
  }

  #send(): void {
    const writer = writerFor(this.#outlet, this.#stamp, this.#bytes + this.#answers.length * ANSWER_BYTES)
    if (writer !== this.#outlet.writer) this.#withdraw()
    if (this.#outlet.queuedBytes > QUEUED_BYTES_MAX) {
      this.#outlet.writer.error(this.#id, 'ERR_OVERLOADED', overloaded(this.#outlet.peer).message)
      this.#outlet.flushSoon()
      return
    }
    writer.answers(this.#id, this.#answers, this.#granted.length > 0 ? this.#leaseMs : 0)
    sent(this.#outlet, writer)
  }
}

class PlaceReply extends KeyReply {
  readonly #place: number
  readonly #batch: BatchReply

  constructor(place: number, batch: BatchReply) {
    super()
    this.#place = place
    this.#batch = batch
  }

  hit(version: number, entry: EntryBody, flags = 0, leaseMs = 0): void {
    this.#batch.add({ place: this.#place, kind: 'hit', version, entry, flags }, leaseMs)
  }

  miss(flags = 0): void {
    this.#batch.add({ place: this.#place, kind: 'miss', flags })
  }

  done({ version, existed }: { readonly version: number; readonly existed: boolean }, flags = 0): void {
    const all = flags | (existed ? FLAG.existed : 0)
    this.#batch.add({ place: this.#place, kind: 'done', version, flags: all })
  }

  /** A write with tags is a set all the same. */
  altered(altered: AlteredBody & { readonly existed: boolean }, flags = 0): void {
    this.done(altered, flags)
  }

  error(error: unknown): void {
    this.#batch.add({ place: this.#place, kind: 'error', flags: 0, ...said(error) })
  }
}

function owned(entry: EntryBody): EntryBody {
  return { ...entry, value: new Uint8Array(entry.value) }
}
