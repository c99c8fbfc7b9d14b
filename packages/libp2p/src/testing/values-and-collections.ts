// Makes and drops 16,000 values of 64 KiB, in batches as a link delivers them, and prints how often the engine searched its
// whole heap meanwhile. Argument `alone`: without the garbage that brings short collections.

import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { accountYoung } from '../young.ts'

const alone = process.argv[2] === 'alone'
let searches = 0
const count = (entries: PerformanceEntry[]): void => {
  for (const entry of entries) {
    const { detail } = entry as PerformanceEntry & { readonly detail: { readonly kind: number } }
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) searches++
  }
}
const observer = new PerformanceObserver(list => count(list.getEntries()))
observer.observe({ entryTypes: ['gc'] })

let values: Uint8Array[] = []
for (let batch = 0; batch < 1_000; batch++) {
  values = Array.from({ length: 16 }, () => new Uint8Array(64 * 1024).fill(batch))
  if (!alone) accountYoung(16 * 64 * 1024)
  await new Promise(resolve => setImmediate(resolve))
}
count(observer.takeRecords())
console.log(JSON.stringify({ searches, last: values[0]?.[0] }))
