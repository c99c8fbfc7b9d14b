import { CacheMeshError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { isSerial } from './member.ts'

/** How a configuration is labelled. Neither number takes part in the digest or decides what a record says. */
export interface Label {
  /** Rises at every node with every change of any byte. */
  readonly serial: number
  /** Wall clock of the newest author, ms since 1970: for people, never for safety. */
  readonly timestamp: number
}

export interface Version extends Label {
  /** 32 hex digits over the canonical content. */
  readonly digest: string
}

/** The order in which versions are shown: serial, timestamp, digest. No document is discarded by it. */
export function compareVersions(a: Version, b: Version): number {
  return (
    a.serial - b.serial ||
    a.timestamp - b.timestamp ||
    (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0)
  )
}

/** First 32 bits of the digest, as every frame carries them. */
export function digestPrefix(version: Version): number {
  return Number.parseInt(version.digest.slice(0, 8), 16)
}

/**
 * The label of a merged text whose digest is `joined`.
 *
 * A text that changed here has a greater serial than before, and equal texts settle on one serial without
 * climbing: max when both had this text, above the other's when exactly one had it, above both when it is
 * new to both. Plain max would change the text under one serial; plain max + 1 would climb with every stale
 * frame that arrives.
 */
export function mergedLabel(mine: Version, theirs: Version, joined: string): Label {
  const timestamp = Math.max(mine.timestamp, theirs.timestamp)
  const newToMe = joined !== mine.digest
  const newToThem = joined !== theirs.digest
  if (newToMe && newToThem) return { serial: Math.max(mine.serial, theirs.serial) + 1, timestamp }
  if (!newToMe && !newToThem) return { serial: Math.max(mine.serial, theirs.serial), timestamp }
  const [holder, other] = newToMe ? [theirs, mine] : [mine, theirs]
  return { serial: holder.serial > other.serial ? holder.serial : other.serial + 1, timestamp }
}

/** Throws ERR_MALFORMED_CONFIGURATION for numbers no honest node reaches, so that one cannot wear them out. */
export function checkVersion(version: Version, own: Label): Version {
  const { serial, timestamp, digest } = version
  const wrong = !isSerial(serial)
    ? `serial ${serial}`
    : serial > own.serial + LIMITS.serialJumpMax
      ? `serial ${serial}, which jumps too far above ${own.serial}`
      : !isSerial(timestamp)
        ? `timestamp ${timestamp}`
        : !/^[0-9a-f]{32}$/.test(digest)
          ? 'a malformed digest'
          : undefined
  if (wrong === undefined) return version
  throw new CacheMeshError('ERR_MALFORMED_CONFIGURATION', `A configuration with ${wrong} was refused`)
}
