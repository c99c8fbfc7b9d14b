// The direction of imports: down the list of packages, never up and never sideways through internals.
// npm workspaces enforce none of this: through node_modules every package can see every other one.
// dependency-cruiser reads the imports, those of types included; the rules are judged here.
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { cruise, type ICruiseResult, type IDependency, type IModule } from 'dependency-cruiser'
import { checkout, conclude, filesMatching, isForTests, isProgram } from './check.ts'

const packages =
  'protocol core simulator libp2p node client memcached http router-info audit console cli chaos'.split(' ')
const purePackages = packages.slice(0, 3)
const coreRooms =
  'limits chance store configuration membership placement load writes flight replication copies balance requests node'.split(
    ' ',
  )
const libp2pLibrary = /^(libp2p|@libp2p\/.*|@multiformats\/.*|@chainsafe\/libp2p-.*)$/

/** The source files of all packages below `root`, as they lie on disk. */
export function packageSources(root: string): string[] {
  return filesMatching(root, 'packages/*/src/**/*.ts')
}

/** The folders those files are in. */
export function sourceFolders(root: string): string[] {
  return filesMatching(root, 'packages/*/src')
}

/**
 * What dependency-cruiser sees in `folders`: the modules and, of each, its imports. It gets folders, not
 * files: without a TypeScript it understands it then sees nothing, where named files would be half read.
 */
export async function readImports(root: string, folders: string[]): Promise<IModule[]> {
  if (folders.length === 0) return []
  const { output } = await cruise(folders, {
    baseDir: root,
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|/dist/' },
  })
  const isSource = ({ source }: IModule): boolean => folders.some(folder => source.startsWith(`${folder}/`))
  return (output as ICruiseResult).modules.filter(module => isSource(module) && !module.couldNotResolve)
}

/** Every broken rule, and every one of `files` that is missing from `modules`. */
export function importProblems(root: string, files: string[], modules: IModule[]): string[] {
  const seen = new Set(modules.map(module => module.source))
  const unseen = files.filter(file => !seen.has(file))
  if (files.length === 0 || unseen.length > 0)
    return [
      `saw ${seen.size} modules of ${files.length} source files, which proves nothing; is a TypeScript ` +
        `that dependency-cruiser understands installed?`,
      ...unseen.map(file => `${file} was not seen`),
    ]
  const manifests = readManifests(root)
  return [
    ...unplacedFolders(files),
    ...modules.flatMap(module =>
      module.dependencies.flatMap(dependency => {
        const specifier = specifierOf(dependency)
        const rule = brokenRule(module.source, specifier, manifests)
        return rule === undefined ? [] : [`${module.source} imports '${specifier}': ${rule}`]
      }),
    ),
    ...cycles(modules).map(cycle => `${cycle}: modules must not import each other in a circle`),
  ]
}

function brokenRule(file: string, specifier: string, manifests: Manifests): string | undefined {
  const folder = folderOf(file)
  if (specifier.startsWith('.')) return brokenRelativeRule(file, posix.join(file, '..', specifier))
  if (isBuiltin(specifier))
    return purePackages.includes(folder) && !isForTests(file)
      ? `${folder} is pure and uses nothing of Node; take what you need as input`
      : undefined
  const name = packageNameOf(specifier)
  const target = manifests.folders.get(name)
  if (target === folder) return 'a package reaches its own modules by relative paths'
  if (target !== undefined && packages.indexOf(target) > packages.indexOf(folder))
    return `${folder} may import only packages earlier in the list: ${packages.join(', ')}`
  if (target !== undefined && specifier !== name) return `only the index of ${name} may be imported`
  if (libp2pLibrary.test(name) && folder !== 'libp2p') return 'only packages/libp2p may know libp2p'
  if (manifests.dependencies.get(folder)?.has(name)) return undefined
  if (isForTests(file) && manifests.forTests.has(name)) return undefined
  return `${name} is not among the dependencies in packages/${folder}/package.json`
}

function brokenRelativeRule(file: string, target: string): string | undefined {
  const folder = folderOf(file)
  if (!target.startsWith(`packages/${folder}/`))
    return 'a relative path must not leave its package; import the other package by name'
  if (isForTests(target))
    return isForTests(file) ? undefined : 'only tests may import what is made for tests alone'
  const room = roomOf(file)
  if (folder !== 'core' || room === undefined) return undefined
  const targetRoom = roomOf(target)
  if (targetRoom === undefined) return 'a room must not import from outside the rooms; move the code into one'
  return coreRooms.indexOf(targetRoom) > coreRooms.indexOf(room)
    ? `${room} may import only rooms earlier in the list: ${coreRooms.join(', ')}`
    : undefined
}

/** Packages and rooms that have no place in the order yet. */
function unplacedFolders(files: string[]): string[] {
  const folders = new Set(files.map(folderOf))
  const rooms = new Set(files.filter(file => folderOf(file) === 'core').map(roomOf))
  return [
    ...[...folders]
      .filter(folder => !packages.includes(folder))
      .map(folder => `packages/${folder} has no place in the order; add it in scripts/check-imports.ts`),
    ...[...rooms]
      .filter(room => room !== undefined && !coreRooms.includes(room))
      .map(room => `packages/core/src/${room} is not a room of core; add it in scripts/check-imports.ts`),
  ]
}

/** Each circle of imports once, written from its alphabetically first module. */
function cycles(modules: IModule[]): string[] {
  const found = modules.flatMap(module =>
    module.dependencies.flatMap(dependency => {
      const names = (dependency.cycle ?? []).map(step => step.name)
      if (names.length === 0) return []
      const first = names.indexOf([...names].sort()[0]!)
      return [[...names.slice(first), ...names.slice(0, first + 1)].join(' -> ')]
    }),
  )
  return [...new Set(found)]
}

interface Manifests {
  /** Name of a package of this checkout to its folder. */
  readonly folders: ReadonlyMap<string, string>
  /** Folder to the names its sources may import. */
  readonly dependencies: ReadonlyMap<string, ReadonlySet<string>>
  /** Names that tests may import besides. */
  readonly forTests: ReadonlySet<string>
}

function readManifests(root: string): Manifests {
  const read = (path: string): { name: string } & Record<string, Record<string, string> | undefined> =>
    JSON.parse(readFileSync(posix.join(root, path), 'utf8'))
  const namesIn = (record: Record<string, string> | undefined): Set<string> =>
    new Set(Object.keys(record ?? {}))
  const manifests = filesMatching(root, 'packages/*/package.json').map(
    path => [folderOf(path), read(path)] as const,
  )
  return {
    folders: new Map(manifests.map(([folder, manifest]) => [manifest.name, folder])),
    dependencies: new Map(manifests.map(([folder, manifest]) => [folder, namesIn(manifest.dependencies)])),
    forTests: namesIn(read('package.json').devDependencies),
  }
}

/** As written in the source: dependency-cruiser splits `node:` off. */
function specifierOf({ protocol, module }: IDependency): string {
  return protocol === undefined || module.startsWith(protocol) ? module : `${protocol}${module}`
}

function packageNameOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function folderOf(path: string): string {
  return path.split('/')[1]!
}

/** The folder below `src`, or undefined for files directly in `src` and for the tests' common ground. */
function roomOf(path: string): string | undefined {
  const [, , , room, file] = path.split('/')
  return file === undefined || room === 'testing' ? undefined : room
}

if (isProgram(import.meta.filename)) {
  const files = packageSources(checkout)
  const modules = await readImports(checkout, sourceFolders(checkout))
  const edges = modules.reduce((sum, module) => sum + module.dependencies.length, 0)
  conclude(
    importProblems(checkout, files, modules),
    `imports: ${modules.length} modules, ${edges} edges, all in order`,
  )
}
