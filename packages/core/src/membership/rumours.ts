import { type Accusation, type Charge, LIMITS, type Word } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import { Pace } from '../configuration/pace.ts'
import { BOUNDS, TIMES } from '../limits/limits.ts'

interface Told {
  readonly kind: 'send'
  readonly to: string
  readonly message: Accusation
}

/** A word that is to be passed on. */
interface Waiting {
  readonly word: Word
  /** Who said so: it knows. */
  readonly from?: string
  /** Nobody need hear it but those whom it is about. */
  readonly aimed?: boolean
  /** A little later it goes to a few others: of those who hear a thing once at four by chance two in a hundred miss it. */
  readonly twice?: boolean
}

/**
 * How accusations travel: what is news goes to a few peers by chance, and everybody for whom it is news passes it on in
 * the same way. It also goes to those it is about, over whatever link there is: they are the ones who can answer. Of the many whom
 * a node that was alone has removed, all hear as everybody does, and from the configuration that says so.
 *
 * In a storm of accusations those that came within a moment travel as one message. Each for itself they would be, in
 * a mesh of a hundred half of which is gone, tens of thousands of messages every second.
 */
export class Rumours {
  readonly #self: string
  readonly #linked: ReadonlySet<string>
  readonly #random: Random
  readonly #pace = new Pace({ burst: BOUNDS.rumourBurst, intervalMs: TIMES.rumourMs })
  #waiting: Waiting[] = []
  #dueAt = Number.POSITIVE_INFINITY
  #round = 0

  constructor({
    self,
    linked,
    random,
  }: {
    self: string
    linked: ReadonlySet<string>
    random: Random
  }) {
    this.#self = self
    this.#linked = linked
    this.#random = random
  }

  /** When `due` has something to say, awake ms; Infinity: it has nothing. */
  get dueAt(): number {
    return this.#dueAt
  }

  /** This node's next word: it replaces the one before. */
  word(charges: readonly Charge[], wall: number): Word {
    // The wall clock makes the rounds of one node grow across its restarts.
    this.#round = Math.max(this.#round + 1, wall)
    return { accuser: this.#self, round: this.#round, charges }
  }

  /** What this node has only heard of, in as many words as it takes; each repeats its own charges. */
  hearsay(charges: readonly Charge[], own: readonly Charge[], wall: number): Word[] {
    const words: Word[] = []
    const room = LIMITS.chargesMax - own.length
    for (let from = 0; from < charges.length; from += room)
      words.push(this.word([...own, ...charges.slice(from, from + room)], wall))
    return words
  }

  tell(word: Word, { at, ...how }: { at: number } & Omit<Waiting, 'word'>): void {
    if (how.aimed && !direct(word).some(member => this.#linked.has(member))) return
    // The last word of an accuser says all that the one before did, but for hearsay.
    const rest: Waiting[] = []
    let aimed = how.aimed ?? false
    for (const waits of this.#waiting) {
      const { accuser, charges } = waits.word
      if (accuser !== word.accuser || charges.some(({ hearsay }) => hearsay)) rest.push(waits)
      else aimed &&= waits.aimed ?? false
    }
    this.#waiting = [...rest.slice(-BOUNDS.rumoursMax + 1), { word, ...how, aimed }]
    this.#dueAt = Math.min(this.#dueAt, at)
  }

  /** What goes out now. */
  due(awake: number): Told[] {
    if (awake < this.#dueAt) return []
    if (!this.#pace.take(awake)) {
      this.#dueAt = this.#pace.nextAt
      return []
    }
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ twice }) => twice).map(waits => ({ ...waits, twice: false }))
    this.#dueAt = this.#waiting.length > 0 ? awake + TIMES.rumourMs : Number.POSITIVE_INFINITY
    const hearers = this.#pick(waiting)
    const told: Told[] = []
    const common = waiting.filter(({ aimed }) => !aimed)
    const all = messages(common)
    for (const to of hearers) {
      const heard = waiting.filter(waits => isNews(waits, to) || isAbout(waits.word, to))
      // Who knows a little of it hears that again: to leave it out would make a message of its own for each of them.
      const isMost = heard.every(waits => !waits.aimed) && 4 * heard.length >= 3 * common.length
      told.push(...address(to, isMost ? all : messages(heard)))
    }
    for (const to of this.#accused(waiting)) {
      if (hearers.has(to)) continue
      const heard = waiting.filter(({ word }) => isAbout(word, to))
      const isAll = heard.every(waits => !waits.aimed) && heard.length === common.length
      told.push(...address(to, isAll ? all : messages(heard)))
    }
    return told
  }

  /** What a peer has to hear of itself. */
  answerable(peer: string, words: readonly Word[]): Told[] {
    return address(peer, messages(words.map(word => ({ word }))))
  }

  #pick(waiting: readonly Waiting[]): ReadonlySet<string> {
    const peers = [...this.#linked].filter(peer => waiting.some(waits => isNews(waits, peer)))
    while (peers.length > BOUNDS.accusationToldMax) peers.splice(this.#random.below(peers.length), 1)
    return new Set(peers)
  }

  #accused(waiting: readonly Waiting[]): ReadonlySet<string> {
    const accused = new Set<string>()
    for (const { word } of waiting)
      for (const member of direct(word)) if (this.#linked.has(member)) accused.add(member)
    return accused
  }
}

function isNews({ word, from, aimed }: Waiting, peer: string): boolean {
  return !aimed && peer !== from && peer !== word.accuser
}

function isAbout(word: Word, peer: string): boolean {
  return direct(word).includes(peer)
}

/** Who hears of it whoever else does. */
function direct({ charges }: Word): string[] {
  const own = charges.filter(({ hearsay }) => !hearsay)
  const few = charges.length - own.length <= BOUNDS.accusationToldMax
  return (few ? charges : own).map(({ member }) => member)
}

function address(to: string, messages: readonly Accusation[]): Told[] {
  return messages.map(message => ({ kind: 'send', to, message }))
}

/** Words in messages of a size that does not keep a link busy. */
function messages(waiting: readonly Waiting[]): Accusation[] {
  const bundles: Word[][] = []
  let bundle: Word[] = []
  let size = 0
  for (const { word } of waiting) {
    size += word.charges.length
    if (bundles.length === 0 || size > BOUNDS.rumourChargesMax) {
      bundle = []
      bundles.push(bundle)
      size = word.charges.length
    }
    bundle.push(word)
  }
  return bundles.map(([first, ...others]) => {
    return { kind: 'accusation', ...(first as Word), ...(others.length > 0 && { others }) }
  })
}
