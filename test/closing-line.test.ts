import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryTree } from '../scripts/temporary-tree.ts'

const checkout = join(import.meta.dirname, '..')

function lastLineOf(files: Record<string, string>): { line: string | undefined; exitCode: number | null } {
  using tree = temporaryTree(files)
  const reporters = ['--reporter=default', `--reporter=${join(checkout, 'test/closing-line.ts')}`]
  const vitest = join(checkout, 'node_modules/vitest/vitest.mjs')
  const run = spawnSync(process.execPath, [vitest, 'run', '--globals', '--root', tree.root, ...reporters], {
    encoding: 'utf8',
  })
  return { line: run.stdout.split('\n').at(-2), exitCode: run.status }
}

it('counts passed tests last', () => {
  expect(lastLineOf({ 'a.test.js': `it('a', () => {}); it('b', () => {}); it.skip('c', () => {})` })).toEqual(
    {
      line: '2 passed, 0 failed',
      exitCode: 0,
    },
  )
})

it('counts failed tests, hooks and files, and stray errors', () => {
  const files = {
    'test.test.js': `it('a', () => { throw new Error('test') }); it('b', () => {})`,
    'hook.test.js': `describe('c', () => { beforeAll(() => { throw new Error('hook') }); it('d', () => {}) })`,
    'file.test.js': `import './missing.js'`,
    'stray.test.js': `it('e', () => { Promise.reject(new Error('stray')) })`,
  }
  expect(lastLineOf(files)).toEqual({ line: '2 passed, 4 failed', exitCode: 1 })
})

it('counts nothing when there is no test', () => {
  expect(lastLineOf({})).toEqual({ line: '0 passed, 0 failed', exitCode: 1 })
})
