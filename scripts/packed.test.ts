import { describe, expect, it } from 'vitest'
import { type Manifest, packedProblems } from './packed.ts'
import { temporaryTree } from './temporary-tree.ts'

const manifest: Manifest = {
  name: '@cachemesh/shelf',
  version: '1.0.0',
  description: 'A shelf',
  license: 'MIT',
  type: 'module',
  engines: { node: '>=22.12' },
  bin: { shelf: './dist/main.js' },
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  dependencies: { '@cachemesh/protocol': '1.0.0', 'lru-cache': '^11.0.0' },
}
const sources = { 'src/index.ts': '', 'src/main.ts': '' }
const contents = [
  ...['README.md', 'LICENSE', 'package.json'],
  ...['dist/index.js', 'dist/index.js.map', 'dist/index.d.ts', 'dist/main.js'],
]

function problemsOf(changes: Partial<Manifest>, paths: string[] = contents): string[] {
  using tree = temporaryTree(sources)
  const changed = { ...manifest, ...changes }
  const files = paths.map(path => ({ path }))
  return packedProblems(tree.root, changed, { name: changed.name, filename: 'shelf.tgz', files })
}

describe('a packed package', () => {
  it('passes when it holds what it promises', () => {
    expect(problemsOf({})).toEqual([])
  })

  it.each([
    [{ license: 'ISC' }, '"license": "MIT"'],
    [{ type: 'commonjs' }, '"type": "module"'],
    [{ engines: { node: '>=20' } }, '"engines"'],
    [{ description: '' }, '"description"'],
    [{ scripts: { postinstall: 'true' } }, 'must not have "scripts"'],
    [{ repository: 'github:a/b' }, 'must not have "repository"'],
    [{ dependencies: { cachemesh: '^1.0.0' } }, 'cachemesh at its own version'],
    [{ exports: { '.': { types: './dist/index.d.ts', default: './dist/away.js' } } }, 'lacks dist/away.js'],
    [{ bin: { shelf: './bin/shelf.js' } }, 'lacks bin/shelf.js'],
  ])('fails on %o', (changes: object, problem) => {
    expect(problemsOf(changes)).toEqual([expect.stringContaining(problem)])
  })

  it.each(['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'dist/main.js'])(
    'fails without %s',
    path => {
      const rest = contents.filter(other => other !== path)
      expect(problemsOf({}, rest)).toEqual([`@cachemesh/shelf: the tarball lacks ${path}`])
    },
  )

  it.each([
    'dist/index.test.js',
    'dist/testing/mesh.js',
    'src/index.ts',
    'tsconfig.json',
    'dist/.tsbuildinfo',
  ])('fails with %s', path => {
    expect(problemsOf({}, [...contents, path])).toEqual([`@cachemesh/shelf: ${path} must not be published`])
  })

  it('fails with output of a source that is gone', () => {
    expect(problemsOf({}, [...contents, 'dist/old/name.d.ts'])).toEqual([
      expect.stringContaining('dist/old/name.d.ts has no source any more'),
    ])
  })
})
