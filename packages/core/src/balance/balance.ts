// Load-aware placement (decision 0049): a node that is asked for much more than the others gives arcs of its own to one
// that is asked for less, in the next configuration. Each node judges by itself, from what it measures and from what
// its neighbours say with their beats; nobody is in charge.

import type { CacheMeshError, Configuration, Message } from '@cachemesh/protocol'
import type { Random } from '../chance/random.ts'
import type { Change } from '../configuration/change.ts'
import type { Operations } from '../configuration/operations.ts'
import type { SettingsReader } from '../configuration/settings.ts'
import type { Instant } from '../limits/instant.ts'
import type { Load } from '../load/load.ts'
import type { Placement } from '../placement/placement.ts'
import { chooseGifts } from './choice.ts'
import { GivenArcs, givingChange } from './given-arcs.ts'
import { NeighbourLoads } from './neighbour-loads.ts'
import { Watch } from './watch.ts'

export interface BalanceParts {
  readonly self: string
  readonly load: Load
  readonly placement: Pick<Placement, 'ring' | 'positionOf'>
  readonly settings: SettingsReader
  readonly random: Random
  readonly operations: Pick<Operations, 'revise'>
  readonly now: number
  /** Members whose beats come here. */
  readonly neighbours: () => ReadonlySet<string>
}

/** Between two looks at the load. */
const LOOK_MS = 2_000
/** A node looks so often, from the first time that it is over its bound, before it gives anything. */
const LOOKS_MIN = 4
/** How much a look counts for in the figure that others hear. */
const SMOOTHING = 0.3
/** What a node is asked for at least before it is worth a change, requests per second. */
const PER_SECOND_MIN = 200
/** A member that gave or got something is left alone until its load shows it. */
const SETTLE_MS = 10_000
/** An arc is given, shared or taken back no more often. */
export const ARC_COOL_DOWN_MS = 60_000
/** An arc that was given is taken back when it has been asked for little after so long. */
const COLD_MS = 600_000
/** It takes many looks to tell little from nothing. */
const COLD_LOOKS = 30
/** Of what a node is asked for on average. */
const COLD = 0.005
const RETURNED_MAX = 8
/** A bound below this share of the mean would never be met: a sample is not exact. */
const BOUND_MIN = 1.05

interface Member {
  readonly id: string
  readonly weight: number
  readonly perSecond: number
}

interface Survey {
  readonly self: Member
  readonly others: readonly Member[]
  /** Requests per second for each unit of weight. */
  readonly mean: number
}

interface Refused {
  readonly kind: 'refused'
  readonly from: string
  readonly error: CacheMeshError
}

const NOTHING: readonly Refused[] = []

export class Balance {
  readonly #parts: BalanceParts
  readonly #said = new NeighbourLoads()
  readonly #watch = new Watch()
  /** Of arcs that were given to this node long ago. */
  readonly #coldWatch = new Watch()
  readonly #arcs = new GivenArcs()
  /** Until when members are left alone, and until when this node only looks. */
  readonly #settling = new Map<string, number>()
  #configuration: Configuration | undefined
  #figure: number | undefined
  #lookAt: number

  constructor(parts: BalanceParts) {
    this.#parts = parts
    this.#lookAt = parts.now + parts.random.jittered(LOOK_MS)
  }

  /** What beats of this node say, requests per second; undefined: arcs stay where they are, in all of the mesh. */
  get figure(): number | undefined {
    return this.#figure === undefined ? undefined : Math.round(this.#figure)
  }

  /** What a member answers as the owner, requests per second, as far as it is known here. */
  loadOf(member: string, now: number): number | undefined {
    return member === this.#parts.self ? this.figure : this.#said.of(member, now)
  }

  /** Peers of an older version, and those of a mesh in which arcs stay where they are, say nothing. */
  beaten(peer: string, { load }: Message & { kind: 'beat' }, now: number): void {
    if (load !== undefined) this.#said.heard(peer, load, now)
  }

  linkDown(peer: string): void {
    this.#said.forget(peer)
  }

  follow(configuration: Configuration, now: number): void {
    this.#configuration = configuration
    for (const id of this.#arcs.follow(configuration, now)) this.#settling.set(id, now + SETTLE_MS)
    for (const [id, until] of this.#settling) if (until <= now) this.#settling.delete(id)
  }

  /** Looks at the load when it is time to, and changes the configuration when it has to. */
  tick({ now, wall }: Instant): readonly Refused[] {
    if (now < this.#lookAt) return NOTHING
    const change = this.#look(now)
    if (change === undefined || this.#configuration === undefined) return NOTHING
    const { operations, self } = this.#parts
    const error = operations.revise(change, this.#configuration.version, wall)
    // In a conflict the configuration became another one in this very step: what is hot still is at the next look.
    if (error === undefined || error.code === 'ERR_VERSION_CONFLICT') return NOTHING
    return [{ kind: 'refused', from: self, error }]
  }

  #look(now: number): Change | undefined {
    const { load, random } = this.#parts
    this.#lookAt = now + random.jittered(LOOK_MS)
    const bound = this.#bound
    if (bound === undefined) {
      this.#figure = undefined
      return undefined
    }
    const measured = load.owned(now)
    this.#figure =
      this.#figure === undefined ? measured : this.#figure + SMOOTHING * (measured - this.#figure)
    const survey = this.#figure < PER_SECOND_MIN ? undefined : this.#survey(this.#figure, now)
    if (survey === undefined || this.#isSettling(this.#parts.self, now)) {
      this.#watch.end()
      return undefined
    }
    const { self, mean } = survey
    const share = self.perSecond / (mean * self.weight)
    if (share <= (1 + bound) / 2) {
      this.#watch.end()
      return this.#takeBack(survey, now)
    }
    // What it is asked for is never quite the same: who is over its bound and then a little below it is watched on.
    if (share > bound || this.#watch.looks > 0) this.#watch.look(load, now, this.#positionOf)
    if (share <= bound || this.#watch.looks < LOOKS_MIN) return undefined
    const change = this.#give(survey, bound, now)
    this.#watch.end()
    return change
  }

  readonly #positionOf = (hash: number, key: string): number | undefined =>
    this.#parts.placement.positionOf(hash, key)

  get #bound(): number | undefined {
    const percent = this.#parts.settings.in('', 'loadBound')
    return percent === 0 ? undefined : Math.max(BOUND_MIN, percent / 100)
  }

  #isSettling(id: string, now: number): boolean {
    return (this.#settling.get(id) ?? 0) > now
  }

  /** Undefined: somebody did not say anything of late. It may be of a version that knows no arcs of others. */
  #survey(figure: number, now: number): Survey | undefined {
    const { self, neighbours } = this.#parts
    const members = [this.#member(self, figure)]
    for (const id of neighbours()) {
      const perSecond = this.#said.of(id, now)
      if (perSecond === undefined) return undefined
      members.push(this.#member(id, perSecond))
    }
    const [own, ...others] = members.filter(({ weight }) => weight > 0)
    if (own?.id !== self || others.length === 0) return undefined
    const sum = (of: (member: Member) => number): number =>
      own === undefined ? 0 : of(own) + others.reduce((total, it) => total + of(it), 0)
    return { self: own, others, mean: sum(it => it.perSecond) / sum(it => it.weight) }
  }

  #member(id: string, perSecond: number): Member {
    const member = this.#configuration?.member(id)
    return { id, weight: member?.state === 'active' ? member.weight : 0, perSecond }
  }

  #give({ self, others, mean }: Survey, bound: number, now: number): Change | undefined {
    const relative = ({ perSecond, weight }: Member): number => perSecond / weight
    const takers = others.filter(it => relative(it) < mean && !this.#isSettling(it.id, now))
    if (takers.length === 0) return undefined
    const target = takers.reduce((least, it) => (relative(it) < relative(least) ? it : least))
    const even =
      (self.perSecond * target.weight - target.perSecond * self.weight) / (self.weight + target.weight)
    // Below its bound, with room for what was not measured.
    const most = ((1 + bound) / 2) * mean * target.weight - target.perSecond
    const { ring } = this.#parts.placement
    const since = now - ARC_COOL_DOWN_MS
    const arcs = this.#watch
      .arcs(ring, ring.members.indexOf(self.id))
      .filter(({ end }) => !this.#arcs.isFixed(end, since) && !this.#arcs.isShared(end))
    const gap = (relative(self) - relative(target)) * target.weight
    const gifts = chooseGifts(arcs, { max: Math.min(even, most), gap })
    this.#arcs.forget(now - COLD_MS)
    // A part that begins or ends where a position was set a moment ago waits.
    const free = gifts.filter(({ position, after = position }) =>
      [position, after].every(it => !this.#arcs.isFixed(it, since)),
    )
    return this.#change(
      free.flatMap(({ position, shared, after }): [number, string[]][] => [
        [position, shared ? [self.id, target.id] : [target.id]],
        ...(after === undefined ? [] : [[after, [self.id]] as [number, string[]]]),
      ]),
    )
  }

  /** What others gave to this node, and nobody asks for any more. */
  #takeBack({ self, mean }: Survey, now: number): Change | undefined {
    const positions = this.#arcs.ownSince(self.id, now - COLD_MS)
    if (positions.length === 0) return undefined
    const { load, placement } = this.#parts
    this.#coldWatch.look(load, now, this.#positionOf)
    if (this.#coldWatch.looks < COLD_LOOKS) return undefined
    const { ring } = placement
    const arcs = this.#coldWatch.arcs(ring, ring.members.indexOf(self.id))
    this.#coldWatch.end()
    const rates = new Map(arcs.map(({ end, perSecond }) => [end, perSecond]))
    const cold = positions.filter(position => (rates.get(position) ?? 0) < COLD * mean * self.weight)
    return this.#change(cold.slice(0, RETURNED_MAX).map(position => [position, null]))
  }

  #change(arcs: readonly (readonly [number, readonly string[] | null])[]): Change | undefined {
    return this.#configuration && givingChange(this.#configuration, new Map(arcs))
  }
}
