// What a package must look like, packed, before it may be published.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The fields of package.json that users of a published package depend on. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly type?: string
  readonly license?: string
  readonly description?: string
  readonly engines?: { readonly node?: string }
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
}

/** What `npm pack --json` says of one tarball. */
export interface Packed {
  readonly name: string
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

const ordered = /^(dist\/.+|bin\/.+|README\.md|LICENSE|package\.json)$/

const required: Partial<Manifest> = {
  type: 'module',
  license: 'MIT',
  engines: { node: '>=22.12' },
}

/** Everything that is wrong with the package in `folder`, in words that say what to do. */
export function packedProblems(folder: string, manifest: Manifest, packed: Packed | undefined): string[] {
  if (packed === undefined) return [`${manifest.name}: npm packed nothing`]
  const paths = packed.files.map(({ path }) => path)
  const problems = [...manifestProblems(manifest), ...missing(manifest, paths), ...surplus(folder, paths)]
  return problems.map(problem => `${manifest.name}: ${problem}`)
}

function manifestProblems(manifest: Manifest): string[] {
  const wanted = Object.entries(required).filter(
    ([field, value]) => JSON.stringify(manifest[field as keyof Manifest]) !== JSON.stringify(value),
  )
  const unwanted = ['repository', 'homepage', 'bugs', 'scripts'].filter(field => field in manifest)
  const siblings = Object.entries(manifest.dependencies ?? {}).filter(
    ([name, range]) => /^(cachemesh|@cachemesh\/.*)$/.test(name) && range !== manifest.version,
  )
  return [
    ...wanted.map(([field, value]) => `package.json needs "${field}": ${JSON.stringify(value)}`),
    ...unwanted.map(field => `package.json must not have "${field}"`),
    ...siblings.map(
      ([name]) => `package.json must depend on ${name} at its own version, ${manifest.version}`,
    ),
    ...(manifest.description ? [] : ['package.json needs a "description"']),
  ]
}

function missing(manifest: Manifest, paths: string[]): string[] {
  const { types, default: main } = manifest.exports?.['.'] ?? {}
  const promised = [types ?? 'types of "."', main ?? 'default of "."', ...Object.values(manifest.bin ?? {})]
  return ['README.md', 'LICENSE', ...promised.map(path => path.replace(/^\.\//, ''))]
    .filter(path => !paths.includes(path))
    .map(path => `the tarball lacks ${path}`)
}

/** Files that nobody ordered: tests, sources, build state, and output of sources that are gone. */
function surplus(folder: string, paths: string[]): string[] {
  return paths.flatMap(path => {
    if (/\.test\.|\/testing\/|tsbuildinfo$/.test(path) || !ordered.test(path))
      return [`${path} must not be published`]
    const source = /^dist\/(.+?)(\.d\.ts|\.js|\.js\.map)$/.exec(path)?.[1]
    return source !== undefined && !existsSync(join(folder, 'src', `${source}.ts`))
      ? [`${path} has no source any more; delete ${join(folder, 'dist')} and build again`]
      : []
  })
}
