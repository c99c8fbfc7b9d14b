// Reaching a silent member, by oneself and through others: because this node doubts it, because it wants to know
// whether an observer can still be heard, or as a favour, because another node asked. A favour never touches what this
// node's own attempt has found: helpers may have reached the member while this node cannot.

import type { Beats } from './beats.ts'

/** What an attempt asks the node to do. */
export type CheckOutput =
  | { readonly kind: 'beat'; readonly to: string }
  /** A link is needed. */
  | { readonly kind: 'want'; readonly peer: string }
  | { readonly kind: 'ask'; readonly helper: string; readonly member: string }
  | { readonly kind: 'tell'; readonly to: string; readonly member: string; readonly reached: boolean }

export type CheckState = 'under way' | 'reached' | 'unreached'

interface Attempt {
  readonly member: string
  readonly startedAt: number
  readonly until: number
  beatAt: number
  state: CheckState
  /** A helper has reached it. */
  vouched: boolean
  readonly helpers: Set<string>
  /** Helpers that tried and failed. */
  readonly failed: Set<string>
}

interface Favour {
  readonly member: string
  readonly until: number
  beatAt: number
  readonly askers: Set<string>
}

/** Between two urgent beats of one attempt. */
const BEAT_MS = 250
/** A helper answers a little before the asker gives up. */
const ANSWER_SHARE = 0.8
/** Results are kept for so many times the length of an attempt. */
const KEPT = 3

export class Checks {
  readonly #beats: Beats
  readonly #attempts = new Map<string, Attempt>()
  readonly #favours = new Map<string, Favour>()

  constructor(beats: Beats) {
    this.#beats = beats
  }

  /** True while this node tries to reach anybody. */
  get busy(): boolean {
    if (this.#favours.size > 0) return true
    for (const { state } of this.#attempts.values()) if (state === 'under way') return true
    return false
  }

  /** When `tick` has something to do, awake ms. */
  get wakeAt(): number {
    let wakeAt = Number.POSITIVE_INFINITY
    for (const { until, beatAt } of this.#favours.values()) wakeAt = Math.min(wakeAt, until, beatAt)
    for (const attempt of this.#attempts.values())
      wakeAt = Math.min(
        wakeAt,
        attempt.state === 'under way' ? Math.min(attempt.until, attempt.beatAt) : keptUntil(attempt),
      )
    return wakeAt
  }

  /** True while this node tries to reach the member, for itself or for others. */
  tries(member: string): boolean {
    return this.#favours.has(member) || this.#attempts.get(member)?.state === 'under way'
  }

  /** Tries to reach a member with the help of others. All times are awake ms. */
  start(
    member: string,
    { helpers, awake, forMs }: { helpers: readonly string[]; awake: number; forMs: number },
  ): CheckOutput[] {
    const attempt: Attempt = {
      member,
      startedAt: awake,
      until: awake + forMs,
      beatAt: awake,
      state: 'under way',
      vouched: false,
      helpers: new Set(helpers),
      failed: new Set(),
    }
    this.#attempts.set(member, attempt)
    return [
      ...this.#knock(attempt, awake),
      ...helpers.map(helper => ({ kind: 'ask', helper, member }) as const),
    ]
  }

  /** There is a new link: what was found without it says nothing, and the next look at the member tries again. */
  anew(member: string): void {
    if (this.state(member) !== 'reached') this.#attempts.delete(member)
  }

  /** Somebody wants this node to try. It answers at once when it heard the member a moment ago. */
  asked(from: string, member: string, { awake, forMs }: { awake: number; forMs: number }): CheckOutput[] {
    const proven = this.#beats.provenAt(member)
    if (proven !== undefined && awake - proven < forMs)
      return [{ kind: 'tell', to: from, member, reached: true }]
    const until = awake + forMs * ANSWER_SHARE
    const favour: Favour = this.#favours.get(member) ?? { member, until, beatAt: awake, askers: new Set() }
    favour.askers.add(from)
    this.#favours.set(member, favour)
    return this.#knock(favour, awake)
  }

  /** There was a round trip with a member. */
  proven(member: string): CheckOutput[] {
    const attempt = this.#attempts.get(member)
    if (attempt?.state === 'under way') attempt.state = 'reached'
    return this.#answer(member, true)
  }

  /** A helper has answered. */
  answered(helper: string, member: string, reached: boolean): void {
    const attempt = this.#attempts.get(member)
    if (!attempt?.helpers.has(helper)) return
    // Nothing of this is told to those who asked this node: each of them counts on its own attempt.
    if (reached) attempt.vouched = true
    else attempt.failed.add(helper)
  }

  /** How this node's own attempt stands; undefined when there was none of late. */
  state(member: string): CheckState | undefined {
    const attempt = this.#attempts.get(member)
    return attempt?.vouched ? 'reached' : attempt?.state
  }

  /** Helpers that failed in the last attempt. */
  witnesses(member: string): ReadonlySet<string> {
    return this.#attempts.get(member)?.failed ?? NOBODY
  }

  tick(awake: number): CheckOutput[] {
    const outputs: CheckOutput[] = []
    for (const attempt of this.#attempts.values()) {
      const { member, until, state, beatAt } = attempt
      if (state === 'under way' && awake >= until) attempt.state = 'unreached'
      else if (state === 'under way' && awake >= beatAt) outputs.push(...this.#knock(attempt, awake))
      else if (awake >= keptUntil(attempt)) this.#attempts.delete(member)
    }
    for (const favour of this.#favours.values()) {
      if (awake >= favour.until) outputs.push(...this.#answer(favour.member, false))
      else if (awake >= favour.beatAt) outputs.push(...this.#knock(favour, awake))
    }
    return outputs
  }

  #knock(attempt: Attempt | Favour, awake: number): CheckOutput[] {
    attempt.beatAt = awake + BEAT_MS
    const { member } = attempt
    return [
      { kind: 'want', peer: member },
      { kind: 'beat', to: member },
    ]
  }

  #answer(member: string, reached: boolean): CheckOutput[] {
    const askers = this.#favours.get(member)?.askers ?? NOBODY
    this.#favours.delete(member)
    return [...askers].map(to => ({ kind: 'tell', to, member, reached }) as const)
  }
}

function keptUntil({ startedAt, until }: Attempt): number {
  return startedAt + KEPT * (until - startedAt)
}

const NOBODY: ReadonlySet<string> = new Set()
