import { describe, expect, it } from 'vitest'
import { impurities, pureSources, purityProblems } from './check-purity.ts'
import { temporaryTree } from './temporary-tree.ts'

describe('purity', () => {
  it.each([
    ['async function f() {}', 'async'],
    ['const f = async () => 1', 'async'],
    ['class A { async f() {} }', 'async'],
    ['const o = { async *f() {} }', 'async'],
    ['export const a = await b', 'await'],
    ['for await (const a of b) c(a)', 'await'],
    ['{ await using a = b }', 'await using'],
    ['new Promise(() => {})', 'Promise'],
    ['let a: Promise<void>', 'Promise'],
    ['setTimeout(f, 1)', 'setTimeout'],
    ['setInterval(f, 1)', 'setInterval'],
    ['setImmediate(f)', 'setImmediate'],
    ['queueMicrotask(f)', 'queueMicrotask'],
    ['const a = new Date()', 'Date'],
    ['const a = Date.now()', 'Date'],
    ['const a = Math.random()', 'Math.random'],
    ['const { random } = Math', 'Math.random'],
    [`const a = Math['random']()`, 'Math.random'],
    ['const a = performance.now()', 'performance'],
    ['const a = crypto.randomUUID()', 'crypto'],
    ['const a = process.env', 'process'],
    ['const a = globalThis.x', 'globalThis'],
    ['const a = Buffer.alloc(1)', 'Buffer'],
    ['const a = { fetch }', 'fetch'],
    ['console.log(1)', 'console'],
    ['const a = new WeakRef(b)', 'WeakRef'],
    ['new FinalizationRegistry(f)', 'FinalizationRegistry'],
    [`const a = import('./b.ts')`, 'import()'],
    [`const a = require('b')`, 'require'],
    ['const a = import.meta.url', 'import.meta'],
    ['names.sort((a, b) => a.localeCompare(b))', 'localeCompare'],
    ['new Intl.Collator()', 'Intl'],
  ])('forbids %s', (text, what) => {
    const found = impurities('a.ts', `// first line\n${text}\n`)
    expect(found.length).toBeGreaterThan(0)
    for (const problem of found) expect(problem.startsWith(`a.ts:2: ${what}: `)).toBe(true)
  })

  it.each([
    'const a = Math.max(1, 2)',
    'const a = store.fetch(key)',
    'const a = { process: 1, Date: 2 }',
    'const { process: step } = a',
    'interface A { crypto: string; fetch(): void }',
    'class A { process() {} static Date = 1 }',
    'let a: wire.Date',
    '// Date.now() and async belong to the runtime',
    `const a = 'await Promise'`,
    `let a: import('./b.ts').B`,
    'function* f() { yield 1 }',
  ])('allows %s', text => {
    expect(impurities('a.ts', text)).toEqual([])
  })

  it('reads pure packages only, without tests, and names the line', () => {
    using tree = temporaryTree({
      'packages/core/src/store/clock.ts': 'export const a = 1\nexport const b = Date.now()',
      'packages/core/src/store/clock.test.ts': 'Date.now()',
      'packages/node/src/clock.ts': 'Date.now()',
    })
    expect(purityProblems(tree.root, pureSources(tree.root))).toEqual([
      'packages/core/src/store/clock.ts:2: Date: take `now` as input',
    ])
  })

  it('fails when it saw no file', () => {
    using tree = temporaryTree({ 'packages/node/src/index.ts': '' })
    expect(purityProblems(tree.root, pureSources(tree.root))).toEqual([expect.stringContaining('saw no')])
  })
})
