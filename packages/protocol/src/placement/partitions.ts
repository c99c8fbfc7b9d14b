// Namespaces whose keys do not each have a position of their own, or belong to some members alone: rules by what a key
// begins with (docs/protocol/placement.md, rules 22 to 24). A function of the configuration and the key.

import type { Register } from '../configuration/register.ts'
import { namespaceOf } from '../keys.ts'
import { hashKey } from './hash.ts'

/** What lies together: nothing but the key, all keys of one directory, or all with the prefix. */
export const PARTITION_KINDS = ['key', 'directory', 'prefix'] as const
export type PartitionKind = (typeof PARTITION_KINDS)[number]

export interface PartitionRule {
  /** Of keys, without their namespace. */
  readonly prefix: string
  readonly by: PartitionKind
  /** Ids of those who keep them; none: everybody does. */
  readonly members: readonly string[]
}

/** Where a key lies by its rule. */
export interface PartitionPlace {
  /** Position on the ring. */
  readonly hash: number
  /** On the ring of these alone; none: of all. */
  readonly members: readonly string[]
}

/** Rules of one namespace that count: the first. */
export const PARTITION_RULES_MAX = 64
const NAMESPACES = 'namespaces/'

export class Partitions {
  readonly #rules: ReadonlyMap<string, readonly PartitionRule[]>

  /** Undefined: no namespace has rules. */
  static in({ registers }: { readonly registers: readonly Register[] }): Partitions | undefined {
    const rules = new Map<string, readonly PartitionRule[]>()
    for (const { name, json } of registers) {
      // Most namespaces say nothing of it.
      if (!name.startsWith(NAMESPACES) || !json.includes('"partition"')) continue
      const found = partitionRules((JSON.parse(json) as { partition?: unknown } | null)?.partition)
      if (found.length > 0) rules.set(name.slice(NAMESPACES.length), found)
    }
    return rules.size === 0 ? undefined : new Partitions(rules)
  }

  private constructor(rules: ReadonlyMap<string, readonly PartitionRule[]>) {
    this.#rules = rules
  }

  /** Undefined: no rule is for this qualified key; it lies where its hash is, on the ring of all. */
  place(qualified: string, hash: number): PartitionPlace | undefined {
    const namespace = namespaceOf(qualified)
    const rules = this.#rules.get(namespace)
    if (rules === undefined) return undefined
    // The long form of a key begins with the namespace between two NUL.
    const start = qualified.charCodeAt(0) === 0 ? namespace.length + 2 : 0
    const rule = rules.find(({ prefix }) => qualified.startsWith(prefix, start))
    if (rule === undefined) return undefined
    const { by, prefix, members } = rule
    if (by === 'key') return { hash, members }
    const first = start + prefix.length
    const end = by === 'prefix' ? first : Math.max(first, qualified.lastIndexOf('/') + 1)
    return { hash: hashKey(qualified.slice(0, end)), members }
  }
}

/** What can be understood of a list of rules, in the order in which they are tried: those of longer prefixes first. */
export function partitionRules(value: unknown): PartitionRule[] {
  if (!Array.isArray(value)) return []
  const rules = value.slice(0, PARTITION_RULES_MAX).flatMap(ruleIn)
  return rules.sort((a, b) => b.prefix.length - a.prefix.length)
}

function ruleIn(value: unknown): PartitionRule[] {
  if (typeof value !== 'object' || value === null) return []
  const { prefix, by = 'key', members = [] } = value as { prefix?: unknown; by?: unknown; members?: unknown }
  const kind = PARTITION_KINDS.find(name => name === by)
  if (typeof prefix !== 'string' || kind === undefined || !Array.isArray(members)) return []
  return [{ prefix, by: kind, members: members.filter(id => typeof id === 'string') }]
}
