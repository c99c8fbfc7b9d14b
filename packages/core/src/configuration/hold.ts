import { type Configuration, isTombstone, type Member } from '@cachemesh/protocol'

interface Claim {
  readonly member: Member
  readonly name: string
}

interface Step {
  readonly before: Configuration
  readonly after: Configuration
  readonly removed: readonly Claim[]
}

const WAITS = { waits: true, news: [] } as const

/**
 * After a cut both sides have removed each other. Joined at once, both removals would meet and empty the ring. So a
 * document that removes somebody who lives here, and whom nobody accuses here, waits: the member hears of it and
 * claims a new incarnation, which the removal no longer touches. Delaying a join changes nothing of where it ends.
 */
export class Hold {
  readonly #holdMs: number
  /** True for a member whose removal is no surprise. */
  readonly #expected: (member: Member) => boolean
  /** When the removal of each claim was first heard of, by id and since. */
  readonly #heardAt = new Map<string, number>()
  /** What `until` says: every step asks for it. */
  #until = Number.NEGATIVE_INFINITY
  /** What was asked for last, and whom it would remove. */
  #step: Step | undefined
  /** One of those who were waited for when it was asked last. */
  #last: Claim | undefined

  constructor(holdMs: number, expected: (member: Member) => boolean) {
    this.#holdMs = holdMs
    this.#expected = expected
  }

  /** When the last removal that waits has waited long enough. */
  get until(): number {
    return this.#until
  }

  /**
   * Members that a step from one document to another would remove, and whose time to answer is not over. `news` are
   * those heard of for the first time.
   */
  waits(
    before: Configuration,
    after: Configuration,
    now: number,
  ): { waits: boolean; news: readonly Member[] } {
    const seen = this.#step?.before === before && this.#step.after === after
    if (!seen) this.#step = { before, after, removed: [...removedBetween(before, after)].map(claimOf) }
    const { removed } = this.#step as Step
    // Every step of a node asks for as long as anything waits: while it waits for the same claim, nothing is new.
    if (seen && this.#last !== undefined && this.#isHeld(this.#last, now)) return WAITS
    this.#last = undefined
    const news: Member[] = []
    for (const claim of removed) {
      if (this.#expected(claim.member)) continue
      if (!this.#heardAt.has(claim.name)) {
        this.#heardAt.set(claim.name, now)
        this.#until = Math.max(this.#until, now + this.#holdMs)
        news.push(claim.member)
      }
      if (this.#isHeld(claim, now)) this.#last = claim
    }
    return { waits: this.#last !== undefined, news }
  }

  #isHeld({ name, member }: Claim, now: number): boolean {
    const heardAt = this.#heardAt.get(name)
    // As `until` has it: a difference of fractions may come out below what was added.
    return heardAt !== undefined && now < heardAt + this.#holdMs && !this.#expected(member)
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#heardAt.clear()
    this.#until = Number.NEGATIVE_INFINITY
    this.#step = undefined
  }
}

function claimOf(member: Member): Claim {
  return { member, name: `${member.id} ${member.since}` }
}

/**
 * Members whose very claim lives in one document and not in the next, other than those that left by themselves. A
 * removal may also come as an absence, when its tombstone has been dropped.
 */
function* removedBetween(before: Configuration, after: Configuration): Iterable<Member> {
  // A mesh that was given up has no members to speak for.
  if (after.destroyed) return
  for (const [index, bucket] of before.buckets.entries()) {
    const next = after.buckets[index]
    if (next === undefined || next.hash === bucket.hash) continue
    for (const { key, member } of bucket.records) {
      if (member === undefined || isTombstone(member)) continue
      const now = next.records.find(record => record.key === key)?.member
      if (now === undefined || (now.state === 'removed' && now.since === member.since)) yield member
    }
  }
}
