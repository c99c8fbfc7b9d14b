// House style that the linter cannot express: no work left lying about, no file that holds "the rest".
// The linter itself guards file length, file names and exports (biome.json).
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { checkout, conclude, filesMatching, isProgram } from './check.ts'

// Spelled so that this file does not find itself.
const leftWork = /\b(TO[D]O|FIX[M]E)\b/
const atticNames = /^(utils?|helpers?|managers?|services?|misc|common)\b/

/** The TypeScript files of the checkout below `root`. */
export function styledFiles(root: string): string[] {
  return filesMatching(root, '{packages,scripts,test}/**/*.ts')
}

/** Each breach below `root` as `file:line: what to do`; seeing no file is a problem too. */
export function styleProblems(root: string, files: string[]): string[] {
  if (files.length === 0) return ['saw no TypeScript file, which proves nothing']
  return files.flatMap(file => [
    ...(file.split('/').some(part => atticNames.test(basename(part, '.ts')))
      ? [`${file}:1: name it after the one idea it holds`]
      : []),
    ...readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        leftWork.test(line)
          ? [`${file}:${index + 1}: do it now, or open an issue and say why in a sentence`]
          : [],
      ),
  ])
}

if (isProgram(import.meta.filename)) {
  const files = styledFiles(checkout)
  conclude(styleProblems(checkout, files), `style: ${files.length} files, nothing left lying about`)
}
