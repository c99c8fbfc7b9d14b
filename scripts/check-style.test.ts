import { expect, it } from 'vitest'
import { styledFiles, styleProblems } from './check-style.ts'
import { temporaryTree } from './temporary-tree.ts'

it('finds work left behind and files without an idea of their own', () => {
  using tree = temporaryTree({
    'packages/core/src/store/size.ts': `export const a = 1\n// ${'TO'}${'DO'} later`,
    'packages/core/src/utils/a.ts': '',
    'scripts/helpers.ts': '',
    'test/mesh.ts': `// todos of the tour\n`,
  })
  expect(styleProblems(tree.root, styledFiles(tree.root))).toEqual([
    'packages/core/src/store/size.ts:2: do it now, or open an issue and say why in a sentence',
    'packages/core/src/utils/a.ts:1: name it after the one idea it holds',
    'scripts/helpers.ts:1: name it after the one idea it holds',
  ])
})

it('fails when it saw no file', () => {
  using tree = temporaryTree({})
  expect(styleProblems(tree.root, styledFiles(tree.root))).toEqual([expect.stringContaining('saw no')])
})
