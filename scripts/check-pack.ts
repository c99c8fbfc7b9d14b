// The published packages, proved from outside: built, packed, installed into an empty folder, run there on
// the oldest Node users may have, and type checked there with nothing skipped.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout, conclude, filesMatching, isProgram } from './check.ts'
import { type Manifest, type Packed, packedProblems } from './packed.ts'

const oldestNode = '22.12.0'

interface Published {
  readonly folder: string
  readonly manifest: Manifest
}

function publishedPackages(): Published[] {
  return filesMatching(checkout, 'packages/*/package.json')
    .map(path => ({
      folder: join(checkout, path, '..'),
      manifest: JSON.parse(readFileSync(join(checkout, path), 'utf8')) as Manifest,
    }))
    .filter(({ manifest }) => manifest.private !== true)
}

/** Runs a program and returns what it wrote to stdout; its failure is thrown with all it said. */
function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')} failed in ${cwd}\n${error ?? ''}${stdout}${stderr}`)
}

function pack(packages: Published[], destination: string): Packed[] {
  const names = packages.map(({ manifest }) => `--workspace=${manifest.name}`)
  const output = run('npm', ['pack', '--json', `--pack-destination=${destination}`, ...names], checkout)
  return Object.values(JSON.parse(output) as Record<string, Packed>)
}

/** The binary of the oldest supported Node, from the npm package of this platform. */
function installOldestNode(folder: string): string {
  const system = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${system}-${process.arch}`
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{}')
  run('npm', ['install', '--no-audit', '--no-fund', `${name}@${oldestNode}`], folder)
  return join(folder, 'node_modules', name, 'bin', system === 'win' ? 'node.exe' : 'node')
}

/** An empty project with the tarballs installed, as a user's would be. */
function installConsumer(folder: string, tarballs: string[]): void {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  const compiler = ['typescript@~6.0.3', '@types/node@22']
  run('npm', ['install', '--no-audit', '--no-fund', ...tarballs, ...compiler], folder)
}

function checkPacked(): string[] {
  const packages = publishedPackages()
  const folder = mkdtempSync(join(tmpdir(), 'cachemesh-pack-'))
  try {
    run(process.execPath, [join(checkout, 'node_modules/typescript/bin/tsc'), '-b'], checkout)
    const packed = pack(packages, folder)
    const problems = packages.flatMap(({ folder, manifest }) =>
      packedProblems(
        folder,
        manifest,
        packed.find(({ name }) => name === manifest.name),
      ),
    )
    if (problems.length > 0) return problems

    const consumer = join(folder, 'consumer')
    const node = installOldestNode(join(folder, 'runtime'))
    installConsumer(
      consumer,
      packed.map(({ filename }) => join(folder, filename)),
    )
    cpSync(join(checkout, 'scripts/pack-consumer'), consumer, { recursive: true })
    writeFileSync(join(consumer, 'every-package.ts'), importsOf(packages))
    // The declarations of libp2p name types of browsers; a program that embeds a node must not need them.
    for (const project of ['tsconfig.json', 'tsconfig.every-package.json'])
      run(node, ['node_modules/typescript/bin/tsc', '-p', project], consumer)
    for (const program of ['every-package.js', 'program.js']) run(node, [program], consumer)
    for (const { manifest } of packages)
      for (const command of Object.values(manifest.bin ?? {}))
        run(node, [join('node_modules', manifest.name, command), '--help'], consumer)
    return []
  } catch (error) {
    return [(error as Error).message]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A module that imports every package, types and all. */
function importsOf(packages: Published[]): string {
  const lines = packages.map(({ manifest }, index) => `import * as p${index} from '${manifest.name}'`)
  return `${lines.join('\n')}\nexport const all: object[] = [${packages.map((_, index) => `p${index}`).join(', ')}]\n`
}

if (isProgram(import.meta.filename)) {
  const problems = checkPacked()
  conclude(
    problems,
    `pack: ${publishedPackages().length} packages, installed, type checked, run on Node ${oldestNode}`,
  )
}
