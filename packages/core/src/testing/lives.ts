// Several nodes in one virtual time, with the links between them, for tests. Messages arrive at once and in
// order; those over a link that is cut are lost.

import type { Message } from '@cachemesh/protocol'
import { expect } from 'vitest'
import type { Answer, Operation } from '../configuration/operations.ts'
import type { Input } from '../node/input.ts'
import type { NodeCoreOptions } from '../node/options.ts'
import type { Output } from '../node/output.ts'
import { Life } from './life.ts'
import { attributesAt } from './members.ts'

const DELIVERIES_MAX = 20_000

export class Lives {
  readonly all = new Map<string, Life>()
  readonly answers: { of: string; ask: number; answer: Answer }[] = []
  /** What never arrives, besides what is cut off. */
  drops: (from: string, message: Message) => boolean = () => false
  readonly #way: { to: string; input: Input }[] = []
  readonly #links = new Set<string>()
  #asks = 0

  /** Nodes of these ids, all linked with each other. */
  constructor(ids: readonly string[], options: Partial<NodeCoreOptions> = {}) {
    for (const id of ids) this.add(id, options)
    this.heal(ids, ids)
  }

  /** A node that is linked with nobody yet. With a seed it waits for somebody before it serves. */
  add(id: string, options: Partial<NodeCoreOptions> = {}): Life {
    const life = new Life({ id, seeds: ['seed'], randomSeed: this.all.size, ...options })
    this.all.set(id, life)
    this.step(id, { kind: 'attributes', attributes: attributesAt(`/ip4/${id}/tcp/1`) })
    return life
  }

  of(id: string): Life {
    const life = this.all.get(id)
    if (life === undefined) throw new Error(`There is no node ${id}`)
    return life
  }

  step(id: string, input: Input): void {
    this.#carry(id, this.of(id).step(input))
    this.#deliver()
  }

  /** The answer, if there is one already. */
  ask(id: string, operation: Operation): Answer | undefined {
    const ask = ++this.#asks
    this.step(id, { kind: 'operation', ask, operation })
    return this.answers.find(answer => answer.ask === ask)?.answer
  }

  cut(left: readonly string[], right: readonly string[]): void {
    this.#pairs(left, right, (a, b) => {
      if (!this.#links.delete(`${a} ${b}`)) return
      this.#links.delete(`${b} ${a}`)
      this.step(a, { kind: 'link-down', peer: b })
      this.step(b, { kind: 'link-down', peer: a })
    })
  }

  heal(left: readonly string[], right: readonly string[]): void {
    this.#pairs(left, right, (a, b) => {
      if (this.#links.has(`${a} ${b}`)) return
      this.#links.add(`${a} ${b}`).add(`${b} ${a}`)
      this.#carry(a, this.of(a).step({ kind: 'link-up', peer: b }))
      this.#carry(b, this.of(b).step({ kind: 'link-up', peer: a }))
    })
    this.#deliver()
  }

  /** Time passes for all of them. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 100) {
      for (const [id, life] of this.all) this.#carry(id, life.pass(100))
      this.#deliver()
    }
  }

  /** The one version that all hold. */
  get version(): object {
    const versions = [...this.all.values()].map(({ node }) => node.configuration.version)
    for (const version of versions) expect(version).toEqual(versions[0])
    return versions[0] as object
  }

  /** What the register says at each node. */
  said(name: string): unknown[] {
    return [...this.all.values()].map(({ node }) => {
      const json = node.configuration.register(name)?.json
      return json === undefined ? undefined : JSON.parse(json)
    })
  }

  #pairs(left: readonly string[], right: readonly string[], use: (a: string, b: string) => void): void {
    for (const a of left) for (const b of right) if (a !== b) use(a, b)
  }

  #carry(from: string, outputs: readonly Output[]): void {
    for (const output of outputs) {
      if (output.kind === 'answer') this.answers.push({ of: from, ...output })
      const carried = output.kind === 'send' && this.#links.has(`${from} ${output.to}`)
      if (carried && !this.drops(from, output.message))
        this.#way.push({ to: output.to, input: { kind: 'message', from, message: output.message } })
      // Gossip may reach everybody who is connected, and is not relied on: here it is lost.
    }
  }

  #deliver(): void {
    for (let count = 0; this.#way.length > 0; count++) {
      if (count > DELIVERIES_MAX) throw new Error('Messages never end')
      const { to, input } = this.#way.shift() as { to: string; input: Input }
      this.#carry(to, this.of(to).step(input))
    }
  }
}
