// Keeps the engine from searching the whole heap for the memory of large values. That memory lies outside the heap, and
// only what lies inside makes the engine look for short-lived things: a short collection, of 1 ms, when 16 to 64 MiB of
// young objects came together. Values of 64 KiB bring 64 MiB outside before that, and then the engine walks through all
// that lives, the program's own data too: 20 ms and more of all processors. So for each byte of a value two bytes of
// garbage are made inside, and the short collections, which free the values as well, come first (decision 0062).

/** Of young memory, in one object: more would be a large one, in memory of its own. */
const PIECE_BYTES = 16 * 1024
/** Of one element of an array. */
const WORD_BYTES = 8
/** With as much garbage as value the search still came first at times, with half as much most of the time. */
const GARBAGE_PER_VALUE = 2

let owedBytes = 0
/** Seen from outside, so that it is really made. */
export let garbage: unknown[] = []

/** `bytes`: of large values, that were copied into memory outside the heap. */
export function accountYoung(bytes: number): void {
  for (owedBytes += bytes * GARBAGE_PER_VALUE; owedBytes >= PIECE_BYTES; owedBytes -= PIECE_BYTES) {
    garbage = new Array(PIECE_BYTES / WORD_BYTES)
  }
}
