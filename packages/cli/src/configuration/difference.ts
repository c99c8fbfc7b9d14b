import type { Configuration } from '../api/replies.ts'
import { shortId } from '../output/words.ts'
import { showValue } from './names.ts'

const GROUPS = {
  settings: 'setting',
  namespaces: 'namespace',
  stores: 'store',
  placements: 'placement',
} as const

/** What the second configuration says that the first did not, one text each. */
export function differences(before: Configuration, after: Configuration): string[] {
  if (after.destroyed) return ['the mesh was destroyed']
  const found: string[] = []
  const known = new Map(before.members.map(member => [member.id, member]))
  for (const member of after.members) {
    const old = known.get(member.id)
    if (old?.state !== member.state) found.push(`member ${shortId(member.id)} ${member.state}`)
    else if (JSON.stringify(old) !== JSON.stringify(member))
      found.push(`member ${shortId(member.id)} changed`)
  }
  for (const group of Object.keys(GROUPS) as (keyof typeof GROUPS)[]) {
    const [old, now] = [new Map(Object.entries(before[group])), new Map(Object.entries(after[group]))]
    for (const name of new Set([...old.keys(), ...now.keys()])) {
      if (!now.has(name)) found.push(`${GROUPS[group]} ${name} removed`)
      else if (JSON.stringify(now.get(name)) !== JSON.stringify(old.get(name)))
        found.push(`${GROUPS[group]} ${name} = ${showValue(now.get(name))}`)
    }
  }
  return found
}

/** `3 active, 1 left`. */
export function statesOf(members: Configuration['members']): string {
  const counts = new Map<string, number>()
  for (const { state } of members) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ') || 'none'
}
