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

const DIGEST = /^[0-9a-f]{32}$/

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && DIGEST.test(value)
}

/** First 32 bits of the digest, as every frame carries them. */
export function digestPrefix({ digest }: Pick<Version, 'digest'>): number {
  return Number.parseInt(digest.slice(0, 8), 16)
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

/**
 * Throws ERR_MALFORMED_CONFIGURATION for numbers no honest node reaches, so that one message cannot wear them
 * out. Without `own`, for a node that has compared with nobody yet, a serial may be as high as it likes and
 * still leave room: measured by its own 0, a newcomer would be shut out of a mesh that was once driven up.
 */
export function checkVersion(version: Version, own?: Label): Version {
  const { serial, timestamp, digest } = version
  const serialMax = own === undefined ? LIMITS.serialMax : own.serial + LIMITS.serialJumpMax
  const wrong = !isSerial(serial)
    ? 'a serial that is no serial number'
    : serial > Math.min(serialMax, LIMITS.serialMax)
      ? `serial ${serial}, which is too far above ${own?.serial ?? 0}`
      : !isSerial(timestamp)
        ? 'a timestamp that is no serial number'
        : !isDigest(digest)
          ? 'a malformed digest'
          : undefined
  if (wrong === undefined) return version
  throw new CacheMeshError('ERR_MALFORMED_CONFIGURATION', `A configuration with ${wrong} was refused`)
}
