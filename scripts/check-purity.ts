// The border of the pure packages: no waiting, clock, chance, global state or I/O in their sources.
// A library without DOM and Node types does not keep `async`, `Date` or `Math.random` out, and no
// compiler option does; so this walks over the syntax tree. Tests are free to use what they like.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { checkout, conclude, filesMatching, isForTests, isProgram } from './check.ts'

const wait = 'return an output and let the runtime wait'
const deadline = 'keep a deadline as data and compare it with the `now` of the input'
const clock = 'take `now` as input'
const chance = 'take a seed or a random number as input'
const input = 'take what you need as input'
const order = 'compare by code units or bytes; locales differ between machines'

const bannedNames = new Map<string, string>([
  ['Promise', wait],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map(name => [name, deadline] as const),
  ...['Date', 'performance'].map(name => [name, clock] as const),
  ['crypto', chance],
  ...['process', 'globalThis', 'fetch', 'require'].map(name => [name, input] as const),
  ['Buffer', 'use Uint8Array'],
  ['console', 'return an output; the runtime reports it'],
  ...['WeakRef', 'FinalizationRegistry'].map(
    name => [name, 'release entries by rule; when memory is collected is chance'] as const,
  ),
  ['Intl', order],
])

const bannedMembers = new Map<string, string>([
  ...['localeCompare', 'toLocaleString', 'toLocaleLowerCase', 'toLocaleUpperCase'].map(
    name => [name, order] as const,
  ),
])

/** What in the source `text` is impure, each as `file:line: what: what to do instead`. */
export function impurities(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const impurity = impurityOf(node)
    if (impurity !== undefined) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      found.push(`${file}:${line + 1}: ${impurity}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function impurityOf(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return `async: ${wait}`
  if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AwaitKeyword) return `await: ${wait}`
  if (
    ts.isVariableDeclarationList(node) &&
    (node.flags & ts.NodeFlags.AwaitUsing) === ts.NodeFlags.AwaitUsing
  )
    return `await using: ${wait}`
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return 'import(): import at the top of the module'
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
    return `import.meta: ${input}`
  return ts.isIdentifier(node) ? impurityOfName(node) : undefined
}

function impurityOfName(node: ts.Identifier): string | undefined {
  const name = node.text
  if (isMember(node)) {
    const advice = bannedMembers.get(name)
    return advice && `${name}: ${advice}`
  }
  // `Math` must stand before one of its other members: as a value it carries `random` along.
  if (name === 'Math' && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name.text !== 'random'))
    return `Math.random: ${chance}`
  const advice = bannedNames.get(name)
  return advice && `${name}: ${advice}`
}

/** Whether the name is that of a member, as in `x.fetch`, `{ fetch: 1 }` or `fetch(): void` in a class. */
function isMember(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) return parent.name === node
  if (ts.isQualifiedName(parent)) return parent.right === node
  if (ts.isBindingElement(parent)) return parent.propertyName === node
  return (ts.isTypeElement(parent) || ts.isClassElement(parent)) && parent.name === node
}

/** The sources of the pure packages below `root`, without tests. */
export function pureSources(root: string): string[] {
  return filesMatching(root, 'packages/{protocol,core,simulator}/src/**/*.ts').filter(
    file => !isForTests(file),
  )
}

/** All impurities below `root`; seeing no file is a problem too. */
export function purityProblems(root: string, files: string[]): string[] {
  if (files.length === 0) return ['saw no source file of a pure package, which proves nothing']
  return files.flatMap(file => impurities(file, readFileSync(join(root, file), 'utf8')))
}

if (isProgram(import.meta.filename)) {
  const files = pureSources(checkout)
  conclude(purityProblems(checkout, files), `purity: ${files.length} files, all pure`)
}
