import { type Configuration, type Delta, isTombstone, type Member } from '@cachemesh/protocol'

/** Somebody holds them for removed, who have answered that here before it was heard. Their records from there. */
export interface Overtaken {
  readonly kind: 'overtaken'
  readonly members: readonly Member[]
}

/** Removals of which the current document holds a later claim of the member: one output at most. */
export function overtakenIn({ records }: Delta, current: Configuration): readonly Overtaken[] {
  const members: Member[] = []
  for (const { member } of records) {
    if (member?.state !== 'removed') continue
    const here = current.member(member.id)
    if (here !== undefined && !isTombstone(here) && here.incarnation > member.incarnation)
      members.push(member)
  }
  return members.length === 0 ? [] : [{ kind: 'overtaken', members }]
}
