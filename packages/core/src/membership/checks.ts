// Reaching a silent member, by oneself and through others. The same attempt serves three ends: this node doubts the
// member; another node asked this one to try; or this node wants to know whether an observer can still be heard.

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

  constructor(beats: Beats) {
    this.#beats = beats
  }

  /** True while an attempt is under way. */
  get busy(): boolean {
    for (const { state } of this.#attempts.values()) if (state === 'under way') return true
    return false
  }

  /** Tries to reach a member with the help of others. All times are awake ms. */
  start(
    member: string,
    { helpers, awake, forMs }: { helpers: readonly string[]; awake: number; forMs: number },
  ): CheckOutput[] {
    const attempt = this.#attempt(member, awake, forMs)
    for (const helper of helpers) attempt.helpers.add(helper)
    return [
      ...this.#knock(attempt, awake),
      ...helpers.map(helper => ({ kind: 'ask', helper, member }) as const),
    ]
  }

  /** Somebody wants this node to try. It answers at once when it heard the member a moment ago. */
  asked(from: string, member: string, { awake, forMs }: { awake: number; forMs: number }): CheckOutput[] {
    const proven = this.#beats.provenAt(member)
    if (proven !== undefined && awake - proven < forMs)
      return [{ kind: 'tell', to: from, member, reached: true }]
    const known = this.#attempts.get(member)
    const attempt = known?.state === 'under way' ? known : this.#attempt(member, awake, forMs * ANSWER_SHARE)
    attempt.askers.add(from)
    return this.#knock(attempt, awake)
  }

  /** There was a round trip with a member. */
  proven(member: string): CheckOutput[] {
    const attempt = this.#attempts.get(member)
    return attempt?.state === 'under way' ? this.#end(attempt, 'reached') : []
  }

  /** A helper has answered. */
  answered(helper: string, member: string, reached: boolean): void {
    const attempt = this.#attempts.get(member)
    if (!attempt?.helpers.has(helper)) return
    // Nothing of this is told to those who asked this node: each of them counts on its own attempt.
    if (reached) attempt.vouched = true
    else attempt.failed.add(helper)
  }

  state(member: string): CheckState | undefined {
    const attempt = this.#attempts.get(member)
    return attempt?.vouched ? 'reached' : attempt?.state
  }

  /** Helpers that failed in the last attempt. */
  witnesses(member: string): ReadonlySet<string> {
    return this.#attempts.get(member)?.failed ?? NOBODY
  }

  forget(member: string): void {
    this.#attempts.delete(member)
  }

  tick(awake: number): CheckOutput[] {
    const outputs: CheckOutput[] = []
    for (const attempt of this.#attempts.values()) {
      const { member, startedAt, until, state, beatAt } = attempt
      if (state === 'under way' && awake >= until) outputs.push(...this.#end(attempt, 'unreached'))
      else if (state === 'under way' && awake >= beatAt) outputs.push(...this.#knock(attempt, awake))
      else if (awake > startedAt + KEPT * (until - startedAt)) this.#attempts.delete(member)
    }
    return outputs
  }

  #attempt(member: string, awake: number, forMs: number): Attempt {
    const attempt: Attempt = {
      member,
      startedAt: awake,
      until: awake + forMs,
      beatAt: awake,
      state: 'under way',
      vouched: false,
      helpers: new Set(),
      failed: new Set(),
      askers: new Set(this.#attempts.get(member)?.askers),
    }
    this.#attempts.set(member, attempt)
    return attempt
  }

  #knock(attempt: Attempt, awake: number): CheckOutput[] {
    attempt.beatAt = awake + BEAT_MS
    const { member } = attempt
    return [
      { kind: 'want', peer: member },
      { kind: 'beat', to: member },
    ]
  }

  #end(attempt: Attempt, state: 'reached' | 'unreached'): CheckOutput[] {
    attempt.state = state
    const { member } = attempt
    const told = [...attempt.askers].map(
      to => ({ kind: 'tell', to, member, reached: state === 'reached' }) as const,
    )
    attempt.askers.clear()
    return told
  }
}

const NOBODY: ReadonlySet<string> = new Set()
