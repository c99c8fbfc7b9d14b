// A mesh reduced to its configurations: nodes that author, say what they hold, hear it late, twice or never,
// crash, sleep and return. Whatever happens is decided by the caller; what must never happen is noted in
// `faults`, so that one harness can show that the rules hold and that other rules do not.

import { Configuration, type ConfigurationText, digestOf } from '../configuration.ts'
import { isTombstone, type Member, tombstone } from '../member.ts'
import { joinTexts } from '../merge.ts'
import { bucketIndex, type ConfigurationRecord, memberRecord, registerRecord } from '../record.ts'
import { canonicalJson } from '../register.ts'
import { compact } from '../tombstones.ts'
import { type Label, mergedLabel, type Version } from '../version.ts'

/** How two documents become one: the parts that a variant may replace. */
export interface Rules {
  readonly join: (mine: Configuration, theirs: Configuration) => ConfigurationText
  readonly compact: (text: ConfigurationText) => ConfigurationText
  readonly label: (mine: Version, theirs: Version, joined: string) => Label
}

/** The rules of the protocol; with few tombstones, so that short runs drop some. */
export function protocolRules(tombstones: number): Rules {
  const bound = { min: tombstones, perLiving: 0 }
  return { join: joinTexts, compact: text => compact(text, bound), label: mergedLabel }
}

export function mergeBy(rules: Rules, mine: Configuration, theirs: Configuration): Configuration {
  const text = rules.compact(rules.join(mine, theirs))
  return Configuration.of(text, rules.label(mine.version, theirs.version, digestOf(text)))
}

export function authorBy(
  rules: Rules,
  mine: Configuration,
  records: readonly ConfigurationRecord[],
): Configuration {
  const text = rules.compact(mine.write(records))
  if (digestOf(text) === mine.version.digest) return mine
  return Configuration.of(text, { serial: mine.version.serial + 1, timestamp: mine.version.timestamp + 1 })
}

/** Ids of which many share a bucket, as they do in a large mesh. */
const IDS: readonly string[] = Array.from({ length: 9999 }, (_, index) => `n${index}`)
  .filter(id => bucketIndex(`m/${id}`) < 3)
  .slice(0, 40)

export interface ModelNode {
  readonly id: string
  document: Configuration
  alive: boolean
  /** The highest incarnation this process has written of itself. */
  incarnation: number
  /** By id: the greatest `since` of an incarnation that this node's own document has said is gone. */
  readonly buried: Map<string, number>
  /** Changes, by their number, that the document goes back to. */
  history: ReadonlySet<number>
}

/** A document on its way, and the changes it goes back to. */
interface Flight {
  readonly to: ModelNode
  readonly document: Configuration
  readonly history: ReadonlySet<number>
}

export class MeshModel {
  rules: Rules
  readonly nodes: readonly ModelNode[]
  readonly faults: string[] = []
  /** Changes that authors made, and labels that changed at a node since the last of them. */
  authored = 0
  labelsSinceAuthored = 0
  readonly #flying: Flight[] = []

  constructor(count: number, rules: Rules) {
    this.rules = rules
    this.nodes = Array.from({ length: count }, (_, index) => ({
      id: IDS[index] as string,
      document: Configuration.empty('model'),
      alive: false,
      incarnation: 0,
      buried: new Map<string, number>(),
      history: new Set<number>(),
    }))
  }

  node(index: number): ModelNode {
    return this.nodes[index % this.nodes.length] as ModelNode
  }

  get living(): ModelNode[] {
    return this.nodes.filter(node => node.alive)
  }

  /** A process begins, with the document that it finds on its disk. */
  start(node: ModelNode): void {
    if (node.alive) return
    node.alive = true
    node.incarnation = 0
    this.claim(node)
  }

  /** A disk is lost, but not the identity: the same id will begin with the empty document. */
  wipe(node: ModelNode): void {
    if (node.alive) return
    node.document = Configuration.empty('model')
    node.history = new Set()
    node.buried.clear()
  }

  /** What a living member does when its own document does not say that it lives. */
  claim(node: ModelNode): void {
    const known = node.document.member(node.id)
    if (!known || isTombstone(known) || known.incarnation < node.incarnation) {
      this.raise(node)
      return
    }
    node.incarnation = known.incarnation
    if (known.state === 'joining') this.#author(node, memberRecord({ ...known, state: 'active' }))
  }

  /** Writes the next incarnation, with other attributes. The next claim makes it active. */
  raise(node: ModelNode): void {
    if (!node.alive) return
    const { version } = node.document
    node.incarnation = Math.max(node.incarnation, node.document.member(node.id)?.incarnation ?? 0) + 1
    const member: Member = {
      ...tombstone(
        { id: node.id, incarnation: node.incarnation, since: version.serial + 1 } as Member,
        'left', // blank attributes; the state follows
      ),
      state: 'joining',
      weight: (node.incarnation % 5) + 1,
    }
    this.#author(node, memberRecord(member))
  }

  remove(author: ModelNode, gone: ModelNode): void {
    const known = author.document.member(gone.id)
    if (!author.alive || !known || isTombstone(known)) return
    this.#author(author, memberRecord(tombstone(known, author === gone ? 'left' : 'removed')))
    if (author === gone) gone.alive = false
  }

  crash(node: ModelNode): void {
    node.alive = false
  }

  write(author: ModelNode, name: string, value: unknown): void {
    if (!author.alive) return
    const counter = (author.document.register(name)?.counter ?? 0) + 1
    this.#author(author, registerRecord({ name, counter, json: canonicalJson(value) }))
  }

  /** Sends what a node holds now. It arrives when `deliver` says so: late, twice, in any order, or never. */
  say(from: ModelNode, to: ModelNode): void {
    if (from.alive && from !== to) this.#flying.push({ to, document: from.document, history: from.history })
  }

  deliver(index: number, keep: boolean): void {
    if (this.#flying.length === 0) return
    const at = index % this.#flying.length
    const flight = this.#flying[at] as Flight
    if (!keep) this.#flying.splice(at, 1)
    this.hear(flight.to, flight)
  }

  lose(index: number): void {
    if (this.#flying.length > 0) this.#flying.splice(index % this.#flying.length, 1)
  }

  deliverAll(): void {
    for (const flight of [...this.#flying]) this.hear(flight.to, flight)
  }

  /** Merges a document that arrived. Returns whether the label changed. */
  hear(node: ModelNode, theirs: Pick<Flight, 'document' | 'history'>): boolean {
    if (!node.alive) return false
    if ([...theirs.history].some(change => !node.history.has(change)))
      node.history = new Set([...node.history, ...theirs.history])
    return this.#hold(node, mergeBy(this.rules, node.document, theirs.document))
  }

  /**
   * Exchanges between all living nodes until nothing changes: the dead are removed, the wrongly removed
   * return. Returns false when that does not end.
   */
  quiesce(roundsMax = 50): boolean {
    for (let round = 0; round < roundsMax; round++) {
      let changed = false
      for (const node of this.living) {
        const before = this.authored
        this.claim(node)
        for (const other of this.nodes) if (!other.alive) this.remove(node, other)
        changed = this.authored > before || changed
      }
      for (const from of this.living) {
        for (const to of this.living) if (from !== to) changed = this.hear(to, from) || changed
      }
      if (!changed) return true
    }
    return false
  }

  /** After `quiesce`: everybody holds one document, and all who live are in it, and nobody else. */
  checkAgreement(): void {
    const [first, ...others] = this.living
    if (first === undefined) return
    const { document } = first
    for (const other of others) {
      const { serial, digest } = other.document.version
      if (digest !== document.version.digest) this.faults.push('texts differ for ever')
      else if (serial !== document.version.serial) this.faults.push('labels differ for ever')
    }
    for (const node of this.nodes) {
      const known = document.member(node.id)
      const inIt = known !== undefined && !isTombstone(known)
      if (inIt !== node.alive)
        this.faults.push(inIt ? 'a dead member is held alive' : 'a living member is missing')
    }
  }

  #author(node: ModelNode, record: ConfigurationRecord): void {
    const next = authorBy(this.rules, node.document, [record])
    if (next === node.document) return
    node.history = new Set([...node.history, this.authored++])
    this.#hold(node, next)
    this.labelsSinceAuthored = 0
  }

  #hold(node: ModelNode, next: Configuration): boolean {
    const { serial, digest } = node.document.version
    const version = next.version
    for (const { name, counter } of node.document.registers) {
      if ((next.register(name)?.counter ?? 0) < counter) this.faults.push('a write is lost')
    }
    const gone = node.document.members.filter(member => next.member(member.id) === undefined)
    node.document = next
    if (version.serial < serial) this.faults.push('a serial went back')
    if (version.digest !== digest && version.serial <= serial)
      this.faults.push('a text changed under one serial')
    if (version.serial > node.history.size) this.faults.push('a serial outran the changes')
    if (version.digest !== digest) this.#bury(node, gone)
    const changed = version.serial !== serial || version.digest !== digest
    if (changed) this.labelsSinceAuthored++
    return changed
  }

  /** A member is gone when its tombstone is here, or when it vanished because a horizon had passed it. */
  #bury(node: ModelNode, vanished: readonly Member[]): void {
    for (const member of [...vanished, ...node.document.members]) {
      const buried = node.buried.get(member.id) ?? -1
      if (isTombstone(member) || vanished.includes(member))
        node.buried.set(member.id, Math.max(buried, member.since))
      else if (member.since <= buried) this.faults.push('somebody came back from the dead')
    }
  }
}
