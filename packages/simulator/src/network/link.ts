/** One side of a link. */
export interface LinkEnd {
  readonly host: number
  /** This side has heard that the link is up, and not that it is down. */
  up: boolean
  /** The process on this side has ended: nothing arrives here any more. */
  over: boolean
  /** When the last frame that is on its way will arrive here: frames of one link never overtake each other. */
  arrivesAt: number
}

/**
 * A connection between two processes. Its ends learn that it is up, and that it is broken, each in its own
 * time; until both have, frames vanish unseen.
 */
export interface Link {
  readonly ends: readonly [LinkEnd, LinkEnd]
  broken: boolean
}

export function endAt(link: Link, host: number): LinkEnd {
  return link.ends[0].host === host ? link.ends[0] : link.ends[1]
}

export function otherEnd(link: Link, host: number): LinkEnd {
  return link.ends[0].host === host ? link.ends[1] : link.ends[0]
}
