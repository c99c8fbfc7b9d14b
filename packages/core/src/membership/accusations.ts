import type { Charge, Word } from '@cachemesh/protocol'

interface Held {
  readonly round: number
  /** Awake ms of its arrival. */
  readonly at: number
  /** Awake ms at which this node last had to pass on what this accuser says. */
  readonly spreadAt: number
  readonly charges: ReadonlyMap<string, Charge>
}

/**
 * What a word is to the one who hears it: known, or the same as before in a later round, or something that was not
 * known of its accuser. `again` is the same as before too, and long enough after it that others may soon forget it.
 */
export type Heard = 'known' | 'repeated' | 'again' | 'news'

const NOBODY: ReadonlyMap<string, Charge> = new Map()

/**
 * What everybody accuses everybody of. Each accuser's last word replaces the one before; one that is not repeated is
 * void, so an accuser that died, was cut off or changed its mind takes nothing back and does no harm.
 */
export class Accusations {
  readonly #validMs: number
  readonly #byAccuser = new Map<string, Held>()
  /** The same charges by the member that they are against: each question is about one member. */
  readonly #byMember = new Map<string, Map<string, Charge>>()
  /** Awake ms until which enough observers accused a member of this `since`. */
  readonly #convicted = new Map<string, { readonly since: number; readonly until: number }>()
  /** Awake ms at which hearsay of a claim came, by its id and since. */
  readonly #hearsay = new Map<string, number>()
  /** When something of it may be void, awake ms. */
  expireAt: number = Number.POSITIVE_INFINITY

  constructor(validMs: number) {
    this.#validMs = validMs
  }

  get size(): number {
    return this.#byAccuser.size
  }

  /** Takes a word in, unless a later one of the same accuser is known. */
  receive({ accuser, round, charges }: Word, awake: number): Heard {
    const held = this.#byAccuser.get(accuser)
    // A restarted accuser counts from its own clock on: its rounds only grow.
    if (held !== undefined && held.round >= round) return 'known'
    const said = new Map<string, Charge>()
    let news = this.hearOf(charges, awake).length > 0
    for (const charge of charges) {
      if (charge.hearsay) continue
      said.set(charge.member, charge)
      const before = held?.charges.get(charge.member)
      news ||= before?.since !== charge.since || before.unable !== charge.unable
    }
    // Of a surprise many say for themselves what all have heard by then.
    const nothing = held === undefined || said.size === 0
    const repeats = nothing ? 'known' : awake - held.spreadAt >= this.#validMs / 2 ? 'again' : 'repeated'
    const heard = news ? 'news' : repeats
    const spreadAt = heard === 'repeated' && held !== undefined ? held.spreadAt : awake
    this.#take(accuser, held?.charges)
    this.expireAt = Math.min(this.expireAt, awake + this.#validMs)
    this.#byAccuser.set(accuser, { round, at: awake, spreadAt, charges: said })
    for (const [member, charge] of said) {
      const against = this.#byMember.get(member)
      if (against === undefined) this.#byMember.set(member, new Map([[accuser, charge]]))
      else against.set(accuser, charge)
    }
    return heard
  }

  /** Notes hearsay. Returns those charges of claims of which nobody has spoken so of late. */
  hearOf(charges: readonly Charge[], awake: number): Charge[] {
    const news: Charge[] = []
    for (const charge of charges) {
      if (!charge.hearsay) continue
      const claim = `${charge.member} ${charge.since}`
      if (this.#hearsay.has(claim)) continue
      this.#hearsay.set(claim, awake)
      this.expireAt = Math.min(this.expireAt, awake + this.#validMs)
      news.push(charge)
    }
    return news
  }

  /** Charges against a member, of whichever of its claims, by accuser. */
  against(member: string): ReadonlyMap<string, Charge> {
    return this.#byMember.get(member) ?? NOBODY
  }

  /** The last words of all who accuse a member. */
  wordsAgainst(member: string): Word[] {
    return [...this.against(member).keys()].map(accuser => {
      const { round, charges } = this.#byAccuser.get(accuser) as Held
      return { accuser, round, charges: [...charges.values()] }
    })
  }

  /** True when anybody accuses the member at present. */
  names(member: string): boolean {
    return this.#byMember.has(member)
  }

  /** Enough observers accuse it: its removal needs no further proof for a while. */
  convict(member: string, since: number, until: number): void {
    this.#convicted.set(member, { since, until })
    this.expireAt = Math.min(this.expireAt, until)
  }

  convicted(member: string, since: number): boolean {
    return this.#convicted.get(member)?.since === since
  }

  expire(awake: number): void {
    if (awake < this.expireAt) return
    let next = Number.POSITIVE_INFINITY
    for (const [accuser, { at, charges }] of this.#byAccuser) {
      if (awake <= at + this.#validMs) next = Math.min(next, at + this.#validMs)
      else {
        this.#take(accuser, charges)
        this.#byAccuser.delete(accuser)
      }
    }
    for (const [member, { until }] of this.#convicted)
      if (awake <= until) next = Math.min(next, until)
      else this.#convicted.delete(member)
    for (const [claim, at] of this.#hearsay)
      if (awake <= at + this.#validMs) next = Math.min(next, at + this.#validMs)
      else this.#hearsay.delete(claim)
    this.expireAt = next
  }

  #take(accuser: string, charges: ReadonlyMap<string, Charge> = NOBODY): void {
    for (const member of charges.keys()) {
      const against = this.#byMember.get(member)
      against?.delete(accuser)
      if (against?.size === 0) this.#byMember.delete(member)
    }
  }
}
