import { type Configuration, isTombstone, type Member, type MemberState } from '@cachemesh/protocol'

/** What a node says of itself besides its id. */
export interface Attributes {
  readonly addresses: readonly string[]
  readonly gateways: Readonly<Record<string, string>>
  readonly weight: number
  readonly zone: string
  readonly software: string
}

/**
 * What this node has to write of itself so that the configuration says what is true; undefined when it does.
 *
 * Only the member raises its incarnation. It does so when its attributes change, and when the configuration
 * says it is gone although it is here: nothing that was said of a lower incarnation can hurt the new one.
 */
export function claim(
  configuration: Configuration,
  id: string,
  wanted: { readonly state: MemberState; readonly attributes: Attributes; readonly incarnation: number },
): Member | undefined {
  const known = configuration.member(id)
  const { state, attributes } = wanted
  const next = configuration.version.serial + 1
  // An incarnation of an earlier life of this process may be in the document, or was dropped from it.
  if (known === undefined)
    return { id, ...attributes, state, incarnation: wanted.incarnation + 1, since: next }
  const same = sameAttributes(known, attributes)
  if (isTombstone(known) || !same || known.incarnation < wanted.incarnation) {
    const incarnation = Math.max(known.incarnation, wanted.incarnation) + 1
    return { id, ...attributes, state, incarnation, since: next }
  }
  // Joining to active is a step within one incarnation; a step back is not possible.
  return known.state === 'joining' && state === 'active' ? { ...known, state } : undefined
}

function sameAttributes(member: Member, attributes: Attributes): boolean {
  return (
    member.weight === attributes.weight &&
    member.zone === attributes.zone &&
    member.software === attributes.software &&
    JSON.stringify(member.addresses) === JSON.stringify(attributes.addresses) &&
    JSON.stringify(Object.entries(member.gateways).sort()) ===
      JSON.stringify(Object.entries(attributes.gateways).sort())
  )
}
