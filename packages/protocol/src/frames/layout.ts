// A frame is a head of 32 bytes and a body; all numbers little-endian (docs/protocol/frames.md).
//
//    0  u32  length        bytes after this field
//    4  u8   kind
//    5  u8   flags
//    6  u16  budget        ms that remain until the caller's deadline; 0 in replies
//    8  u32  request id    chosen by the requester, repeated in the reply; 0: no reply expected
//   12  u32  digest prefix \
//   16  u64  serial         > of the sender's configuration
//   24  u64  clock         the sender's entry clock
//
// Every frame carries the sender's version and clock, so a peer that is behind notices at its first frame.

import { LIMITS } from '../limits.ts'

export const HEAD_BYTES = 32

/** Numbers only grow; a retired kind keeps its number. */
export const KIND = {
  get: 1,
  set: 2,
  delete: 3,
  /** A write that hangs on what is there, or says more than a set. */
  alter: 4,
  /** Several keys that the receiver owns. */
  getMany: 5,
  setMany: 6,
  deleteMany: 7,
  /** A read that may load: it is answered with the value, with a lease of the load, or waits for whoever loads. */
  load: 10,
  /** What was loaded, or taken by the data store, under a lease. */
  fill: 11,
  /** A lease given back: the load failed, or takes too long. */
  release: 12,
  /** What do you hold under this key? Answered from memory at once, and never passed on. */
  look: 13,
  /** An entry or a delete marker for a member that keeps a copy, under the version that the owner gave. */
  replicate: 14,
  /** The key has been written: a copy of it is not to be answered from any more. */
  invalidate: 15,
  hit: 16,
  miss: 17,
  done: 18,
  error: 19,
  /** Of alter. */
  altered: 20,
  /** Of a batch: the answers of its keys. */
  answers: 21,
  /** Of a load: you load, then fill with this token. */
  lease: 24,
  /** Of a load, any number of times before its answer: somebody loads, and this member lives. */
  waiting: 25,
  /** Of a look: an entry or a delete marker, with all that is known of it. */
  held: 26,
  /** These requests of the receiver, which has passed them on, were answered straight to who asked first. */
  settled: 27,
  /** Bodies from here on are messages (MessagePack). */
  pull: 32,
  delta: 33,
  version: 34,
  goodbye: 35,
  beat: 36,
  check: 37,
  checked: 38,
  accusation: 39,
  offer: 48,
  compare: 49,
  differing: 50,
  fetch: 51,
  page: 52,
  fetched: 53,
  warm: 54,
} as const

export type FrameKind = (typeof KIND)[keyof typeof KIND]

export const FLAG = {
  /** In `get`: who asked first takes the answer from whoever owns the key. When it was passed on an id follows the target. */
  straight: 1,
  /** In a reply: the answer came from another member than the one that was asked. */
  forwarded: 1,
  /** In `done`: there was an entry before. */
  existed: 2,
  /** In a reply: who answered does not own the key; who owns it was not asked, and may know better. */
  stoodIn: 4,
  /** In `miss`, as an answer of a batch: there is an entry, too large to come with the others. */
  apart: 8,
  /** In `miss`: the data store has nothing either, and was asked lately. */
  absent: 16,
  /** In `hit` and `lease`: the value is past its time and somebody refreshes it. In `lease` it follows. */
  stale: 32,
  /** In `get`: a copy was here whose lease is over, and is asked for often. In `hit`: it may be copied, for the budget of its frame. */
  copied: 64,
  /** In `get`: answer out of what you keep for the owner, or miss; ask nobody. */
  spare: 128,
} as const

/** Bytes of a body of this kind, at most, where it travels as it is. Some have room for the largest entry. */
export function bodyBytesMax(kind: number): number {
  const hasEntry = kind === KIND.page || kind === KIND.held || kind === KIND.hit
  return hasEntry ? LIMITS.pageBytesMax : LIMITS.messageBytesMax
}

/** Content types with a number of their own; 255 means that the text follows. Numbers only grow. */
export const CONTENT_TYPES: readonly string[] = [
  '', // 0: a structured value (values.ts)
  'application/octet-stream',
  'text/plain; charset=utf-8',
  'application/json',
]
export const CONTENT_TYPE_TEXT = 255

/** What every frame says about its sender. */
export interface Stamp {
  serial: number
  /** First 32 bits of the configuration's digest. */
  digestPrefix: number
  clock: number
}
