import { Packr } from 'msgpackr'
import type { Delta, Summary } from '../configuration/delta.ts'
import { isSerial } from '../configuration/member.ts'
import { BUCKETS } from '../configuration/record.ts'
import { isDigest, type Version } from '../configuration/version.ts'
import { bodyBytesMax, type FrameKind, KIND } from '../frames/layout.ts'
import { LIMITS } from '../limits.ts'
import { flag, list, malformed, nodeId, serial } from './fields.ts'
import { readRecord, writeRecord } from './records.ts'
import { checkStructure } from './structure.ts'
import { readTransfer, type TransferMessage, writeTransfer } from './transfer.ts'

/** What nodes say to each other about the mesh. Requests for keys are frames of their own. */
export type Message =
  /** "This is what I hold: send me what differs." */
  | { readonly kind: 'pull'; readonly version: Version; readonly summary: Summary }
  /** "This is my document, relative to one that you hold." Also announced to everybody on a change. */
  | { readonly kind: 'delta'; readonly delta: Delta }
  /** "This is my version." The answer to a pull that found nothing to send. */
  | { readonly kind: 'version'; readonly version: Version }
  /** "I am leaving: send me nothing more." */
  | { readonly kind: 'goodbye' }
  /** "I am here, and `echo` is the last number that I heard from you." Urgent: answer at once. */
  | {
      readonly kind: 'beat'
      readonly seq: number
      readonly echo: number
      readonly urgent: boolean
      /** Requests per second that the sender answers as the owner of their keys. */
      readonly load?: number
    }
  /** "I do not hear this member: try to reach it for me." */
  | { readonly kind: 'check'; readonly member: string }
  /** The answer to it. */
  | { readonly kind: 'checked'; readonly member: string; readonly reached: boolean }
  /** "These members answer neither me nor those who tried for me." Passed on by whoever hears it. */
  | Accusation
  /** About entries that one of two nodes should hold and may not. */
  | TransferMessage

/** Accusations that travel together: the first of them, and others. */
export interface Accusation extends Word {
  readonly kind: 'accusation'
  /** Left out when there are none. */
  readonly others?: readonly Word[]
}

/** All that one node accuses others of. */
export interface Word {
  /** Who accuses, and its number for this accusation: it grows, and tells repetitions apart. */
  readonly accuser: string
  readonly round: number
  readonly charges: readonly Charge[]
}

export interface Charge {
  readonly member: string
  /** Of the member's record: its next claim is not accused. */
  readonly since: number
  readonly incarnation: number
  /** Others who tried to reach the member, and failed. */
  readonly witnesses: readonly string[]
  /** The accuser has only heard that somebody removed the member: it does not count, and waits for an answer. */
  readonly hearsay: boolean
  /** The member answers beats, and no requests. */
  readonly unable: boolean
}

// Arrays of fixed order only: no key order can vary, and no extension type is needed or accepted.
const packr = new Packr({ useRecords: false })

/** Fields of a message, those of versions to come included. */
const FIELDS_MAX = 64

export interface EncodedMessage {
  readonly kind: FrameKind
  readonly body: Uint8Array
}

/** Throws ERR_MALFORMED_MESSAGE for one larger than anybody reads. */
export function encodeMessage(message: Message): EncodedMessage {
  const packed = packr.pack(toArray(message))
  if (packed.length > bodyBytesMax(KIND[message.kind])) throw malformed(`would have ${packed.length} bytes`)
  // The encoder reuses its buffer; the copy makes the body the caller's.
  return { kind: KIND[message.kind], body: new Uint8Array(packed) }
}

/** Throws ERR_MALFORMED_MESSAGE or ERR_MALFORMED_CONFIGURATION, and never anything else. */
export function decodeMessage(kind: number, body: Uint8Array): Message {
  if (body.length > bodyBytesMax(kind)) throw malformed(`has ${body.length} bytes`)
  checkStructure(body, 'message')
  let fields: unknown
  try {
    fields = packr.unpack(body)
  } catch (cause) {
    throw malformed('cannot be decoded', cause)
  }
  const array = list(fields, FIELDS_MAX)
  switch (kind) {
    case KIND.pull:
      return readPull(array)
    case KIND.delta:
      return readDelta(array)
    case KIND.version:
      return { kind: 'version', version: readVersion(array) }
    case KIND.goodbye:
      return { kind: 'goodbye' }
    case KIND.beat:
      return readBeat(array)
    case KIND.check:
      return { kind: 'check', member: nodeId(array[0]) }
    case KIND.checked:
      return { kind: 'checked', member: nodeId(array[0]), reached: flag(array[1]) }
    case KIND.accusation:
      return readAccusation(array)
    default: {
      const transfer = readTransfer(kind, array)
      if (transfer === undefined) throw malformed(`has kind ${kind}, unknown to this version`)
      return transfer
    }
  }
}

function toArray(message: Message): unknown[] {
  switch (message.kind) {
    case 'pull': {
      const { serial, timestamp, digest } = message.version
      return [serial, timestamp, digest, [...message.summary.buckets].flat()]
    }
    case 'delta': {
      const { meshId, base, version, horizon, destroyed, buckets, records } = message.delta
      const { serial, timestamp, digest } = version
      return [serial, timestamp, digest, meshId, base, horizon, destroyed, buckets, records.map(writeRecord)]
    }
    case 'version':
      return [message.version.serial, message.version.timestamp, message.version.digest]
    case 'goodbye':
      return []
    case 'beat':
      return message.load === undefined
        ? [message.seq, message.echo, message.urgent]
        : [message.seq, message.echo, message.urgent, message.load]
    case 'check':
      return [message.member]
    case 'checked':
      return [message.member, message.reached]
    case 'accusation': {
      const { others } = message
      return others === undefined ? writeWord(message) : [...writeWord(message), others.map(writeWord)]
    }
    default:
      return writeTransfer(message)
  }
}

function writeWord({ accuser, round, charges }: Word): unknown[] {
  return [accuser, round, charges.map(writeCharge)]
}

function writeCharge({ member, since, incarnation, witnesses, hearsay, unable }: Charge): unknown[] {
  return [member, since, incarnation, witnesses, hearsay, unable]
}

function readPull(fields: readonly unknown[]): Message {
  const version = readVersion(fields)
  const flat = list(fields[3], 2 * BUCKETS)
  const buckets = new Map<number, string>()
  for (let i = 0; i < flat.length; i += 2) buckets.set(bucket(flat[i]), digest(flat[i + 1]))
  return { kind: 'pull', version, summary: { digest: version.digest, buckets } }
}

function readDelta(fields: readonly unknown[]): Message {
  const [, , , meshId, base, horizon, destroyed, buckets, records] = fields
  if (!isSerial(horizon)) throw malformed('has no valid horizon')
  if (typeof destroyed !== 'boolean') throw malformed('does not say whether the mesh is destroyed')
  if (typeof meshId !== 'string' || meshId.length > LIMITS.meshIdLengthMax) throw malformed('names no mesh')
  const delta: Delta = {
    meshId,
    base: digest(base),
    version: readVersion(fields),
    horizon,
    destroyed,
    buckets: list(buckets, BUCKETS).map(bucket),
    records: list(records, LIMITS.membersMax + LIMITS.registersMax).map(readRecord),
  }
  return { kind: 'delta', delta }
}

function readBeat(fields: readonly unknown[]): Message {
  const beat = {
    kind: 'beat',
    seq: serial(fields[0]),
    echo: serial(fields[1]),
    urgent: flag(fields[2]),
  } as const
  return fields[3] === undefined ? beat : { ...beat, load: serial(fields[3]) }
}

function readAccusation(fields: readonly unknown[]): Message {
  const others = fields[3] === undefined ? [] : list(fields[3], LIMITS.wordsMax - 1)
  const words = [fields, ...others.map(word => list(word, FIELDS_MAX))]
  const charged = words.reduce((sum, word) => sum + list(word[2], LIMITS.chargesMax).length, 0)
  if (charged > LIMITS.chargesMax)
    throw malformed(`has ${charged} charges; the limit is ${LIMITS.chargesMax}`)
  const [first, ...rest] = words.map(readWord)
  return { kind: 'accusation', ...(first as Word), ...(rest.length > 0 && { others: rest }) }
}

function readWord([accuser, round, charges]: readonly unknown[]): Word {
  return {
    accuser: nodeId(accuser),
    round: serial(round),
    charges: list(charges, LIMITS.chargesMax).map(readCharge),
  }
}

function readCharge(charge: unknown): Charge {
  const [member, since, incarnation, witnesses, hearsay, unable] = list(charge, FIELDS_MAX)
  return {
    member: nodeId(member),
    since: serial(since),
    incarnation: serial(incarnation),
    witnesses: list(witnesses, LIMITS.witnessesMax).map(nodeId),
    hearsay: flag(hearsay),
    unable: flag(unable),
  }
}

/** The first three fields of every message that has a version. Bounds are checked where it is used. */
function readVersion(fields: readonly unknown[]): Version {
  const [serial, timestamp, textDigest] = fields
  if (!isSerial(serial) || !isSerial(timestamp))
    throw malformed('has a serial or timestamp that is no number')
  return { serial, timestamp, digest: digest(textDigest) }
}

function bucket(value: unknown): number {
  if (!isSerial(value) || value >= BUCKETS) throw malformed('names a bucket that there is not')
  return value
}

function digest(value: unknown): string {
  if (!isDigest(value)) throw malformed('has something else where a digest belongs')
  return value
}
