// One node in virtual time, for tests.

import { Configuration, deltaTo, type Member, type Message, summaryOf } from '@cachemesh/protocol'
import { expect } from 'vitest'
import type { Instant } from '../limits/instant.ts'
import { TIMES } from '../limits/limits.ts'
import type { Input } from '../node/input.ts'
import { NodeCore } from '../node/node-core.ts'
import type { NodeCoreOptions } from '../node/options.ts'
import type { Output } from '../node/output.ts'
import { attributesAt, MESH } from './members.ts'

export const WALL = 1_800_000_000_000
export const HERE = attributesAt('/ip4/me/tcp/1')

/** A room that is swept when it wants to be: it does not see the steps of its node. */
interface Swept {
  readonly wakeAt: number
  sweep(at: Instant): void
}

/** A node and the time that passes for it. */
export class Life {
  readonly node: NodeCore
  now = 1
  readonly states: string[] = []

  constructor(options: Partial<NodeCoreOptions> = {}) {
    const all = { id: 'me', meshId: MESH, seeds: [], cacheBytes: 1024 * 1024, randomSeed: 1, ...options }
    this.node = new NodeCore(all, this.at)
  }

  get at(): Instant {
    return { now: this.now, wall: WALL + Math.floor(this.now) }
  }

  step(input: Input): Output[] {
    const outputs = this.node.step(input, this.at)
    for (const output of outputs) if (output.kind === 'state') this.states.push(output.state)
    return outputs
  }

  /** It has given up waiting for entries of others: what is not in its memory is nowhere. */
  warmed(): this {
    this.pass(TIMES.expectMs + 1)
    expect(this.node.replication.cold).toBe(false)
    return this
  }

  start(): Output[] {
    return this.step({ kind: 'attributes', attributes: HERE })
  }

  hear(from: string, message: Message): Output[] {
    return this.step({ kind: 'message', from, message })
  }

  /** What a peer holds, as a delta from the empty document. */
  hearOf(from: string, configuration: Configuration): Output[] {
    const delta = deltaTo(configuration, summaryOf(Configuration.empty(MESH)))
    return this.hear(from, { kind: 'delta', delta })
  }

  /** Time passes, with a tick whenever the node wants one, and never two at one moment. */
  pass(ms: number): Output[] {
    const until = this.now + ms
    const outputs: Output[] = []
    // It may have slept through the moment at which it wanted to wake.
    if (this.node.wakeAt <= this.now) outputs.push(...this.step({ kind: 'tick' }))
    while (this.node.wakeAt <= until) {
      expect(this.node.wakeAt).toBeGreaterThan(this.now)
      this.now = this.node.wakeAt
      outputs.push(...this.step({ kind: 'tick' }))
    }
    this.now = until
    return outputs
  }

  /** Time passes for what is swept, and for nothing else. */
  passFor(swept: Swept, ms: number): void {
    const until = this.now + ms
    while (swept.wakeAt <= until) {
      this.now = swept.wakeAt
      swept.sweep(this.at)
    }
    this.now = until
  }

  get me(): Member | undefined {
    return this.node.configuration.member('me')
  }
}

export function dials(outputs: readonly Output[]): string[] {
  return outputs.flatMap(output => (output.kind === 'dial' ? [output.contact.name] : []))
}

export function sent(outputs: readonly Output[]): string[] {
  return outputs.flatMap(output => (output.kind === 'send' ? [`${output.message.kind} to ${output.to}`] : []))
}

export function ofKind<K extends Output['kind']>(
  outputs: readonly Output[],
  kind: K,
): Extract<Output, { kind: K }>[] {
  return outputs.filter((output): output is Extract<Output, { kind: K }> => output.kind === kind)
}
