import { describe, expect, it } from 'vitest'
import { importProblems, packageSources, readImports, sourceFolders } from './check-imports.ts'
import { temporaryTree } from './temporary-tree.ts'

const manifests = {
  'package.json': JSON.stringify({ devDependencies: { vitest: '*' } }),
  'packages/protocol/package.json': JSON.stringify({ name: '@cachemesh/protocol' }),
  'packages/core/package.json': JSON.stringify({
    name: '@cachemesh/core',
    dependencies: { '@cachemesh/protocol': '*', '@cachemesh/libp2p': '*', 'lru-cache': '*' },
  }),
  'packages/libp2p/package.json': JSON.stringify({
    name: '@cachemesh/libp2p',
    dependencies: { '@libp2p/tcp': '*' },
  }),
}

async function problemsOf(sources: Record<string, string>): Promise<string[]> {
  using tree = temporaryTree({ ...manifests, ...sources })
  const modules = await readImports(tree.root, sourceFolders(tree.root))
  return importProblems(tree.root, packageSources(tree.root), modules)
}

describe('imports', () => {
  it('pass when every one goes down the list', async () => {
    const problems = await problemsOf({
      'packages/protocol/src/index.ts': `export const a = 1`,
      'packages/core/src/index.ts': `export { b } from './store/b.ts'`,
      'packages/core/src/store/b.ts': `import { a } from '@cachemesh/protocol'\nimport 'lru-cache'\nexport const b = a`,
      'packages/core/src/store/b.test.ts': `import { it } from 'vitest'\nimport 'node:fs'\nimport '../testing/a.ts'`,
      'packages/core/src/testing/a.ts': `import 'vitest'\nimport '../node/step.ts'`,
      'packages/core/src/node/step.ts': `import '../store/b.ts'`,
      'packages/libp2p/src/index.ts': `import '@libp2p/tcp'\nimport 'node:net'\nimport 'node:sqlite'`,
    })
    expect(problems).toEqual([])
  })

  it.each([
    ['core', `import '@cachemesh/libp2p'`, 'core may import only packages earlier in the list'],
    ['core', `import type { A } from '@cachemesh/libp2p'`, 'only packages earlier'],
    ['core', `export const a = await import('@cachemesh/libp2p')`, 'only packages earlier'],
    ['core', `import '@cachemesh/protocol/src/index.ts'`, 'only the index of @cachemesh/protocol'],
    ['core', `import '../../protocol/src/index.ts'`, 'a relative path must not leave its package'],
    ['core', `import '@cachemesh/core'`, 'a package reaches its own modules by relative paths'],
    ['core', `import 'msgpackr'`, 'msgpackr is not among the dependencies'],
    ['core', `import 'vitest'`, 'vitest is not among the dependencies'],
    ['core', `import 'node:fs'`, 'core is pure'],
    ['core', `import 'crypto'`, 'core is pure'],
    ['core', `import type { Connection } from '@libp2p/interface'`, 'only packages/libp2p may know libp2p'],
    ['core', `import '@chainsafe/libp2p-gossipsub'`, 'only packages/libp2p may know libp2p'],
    ['core', `import './testing/a.ts'`, 'only tests may import what is made for tests alone'],
    ['protocol', `import '@cachemesh/core'`, 'protocol may import only packages earlier'],
    ['libp2p', `import '@cachemesh/protocol'`, '@cachemesh/protocol is not among the dependencies'],
    ['shed', `export const a = 1`, 'packages/shed has no place in the order'],
  ])('of %s fail on %s', async (folder, source, rule) => {
    const problems = await problemsOf({ [`packages/${folder}/src/index.ts`]: source })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`packages/${folder}`)
    expect(problems[0]).toContain(rule)
  })

  it('fail when a room of core imports a later room, the index, or has no place', async () => {
    const problems = await problemsOf({
      'packages/core/src/index.ts': `export const a = 1`,
      'packages/core/src/store/a.ts': `import '../placement/b.ts'`,
      'packages/core/src/placement/b.ts': `import '../index.ts'`,
      'packages/core/src/attic/c.ts': `export const c = 1`,
    })
    expect(problems).toHaveLength(3)
    expect(problems[0]).toContain('packages/core/src/attic is not a room of core')
    expect(problems.join()).toContain('store may import only rooms earlier in the list')
    expect(problems.join()).toContain('a room must not import from outside the rooms')
  })

  it('fail once for one circle inside a package, even of types', async () => {
    const problems = await problemsOf({
      'packages/protocol/src/a.ts': `import './b.ts'\nexport type A = 1`,
      'packages/protocol/src/b.ts': `import './c.ts'`,
      'packages/protocol/src/c.ts': `import type { A } from './a.ts'\nexport type C = A`,
    })
    const [a, b, c] = ['a', 'b', 'c'].map(name => `packages/protocol/src/${name}.ts`)
    expect(problems).toEqual([`${a} -> ${b} -> ${c} -> ${a}: modules must not import each other in a circle`])
  })

  it('fail when fewer modules were seen than there are source files', async () => {
    using tree = temporaryTree({
      ...manifests,
      'packages/core/src/a.ts': `export const a = 1`,
      'packages/protocol/src/b.ts': `export const b = 1`,
    })
    const seen = await readImports(tree.root, ['packages/core/src'])
    expect(importProblems(tree.root, packageSources(tree.root), seen)).toEqual([
      expect.stringContaining('saw 1 modules of 2 source files'),
      'packages/protocol/src/b.ts was not seen',
    ])
  })

  it('fail when there is nothing to see', async () => {
    expect(await problemsOf({})).toEqual([expect.stringContaining('saw 0 modules of 0 source files')])
  })
})
