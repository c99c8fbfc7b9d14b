// Real data that every checkout and every installation has: the package.json of each installed package.

import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Manifests {
  /** `name@version` to the bytes of its package.json. */
  readonly entries: ReadonlyMap<string, Buffer>
  /** A large file that npm keeps beside them, if it does. */
  readonly large: string | undefined
}

const LARGE_FROM_BYTES = 64 * 1024

/** Reads what is installed in the `node_modules` of these folders and of all folders above them. */
export function findManifests(folders: readonly string[]): Manifests {
  const entries = new Map<string, Buffer>()
  const roots = new Set(folders.flatMap(nodeModulesAbove))
  for (const root of roots) collect(root, entries)
  const large = [...roots].map(root => join(root, '.package-lock.json')).find(isLarge)
  return { entries, large }
}

function nodeModulesAbove(folder: string): string[] {
  const found = join(folder, 'node_modules')
  const above = dirname(folder) === folder ? [] : nodeModulesAbove(dirname(folder))
  return existsSync(found) ? [found, ...above] : above
}

/** Links are left out: they lead to sources in development, or in circles. */
function collect(folder: string, entries: Map<string, Buffer>): void {
  for (const { name } of foldersIn(folder)) {
    if (name.startsWith('.')) continue
    const path = join(folder, name)
    if (name.startsWith('@')) collect(path, entries)
    else readPackage(path, entries)
  }
}

function readPackage(path: string, entries: Map<string, Buffer>): void {
  const manifest = join(path, 'package.json')
  if (existsSync(manifest)) {
    const bytes = readFileSync(manifest)
    const key = keyOf(bytes)
    if (key !== undefined && !entries.has(key)) entries.set(key, bytes)
  }
  collect(join(path, 'node_modules'), entries)
}

function keyOf(bytes: Buffer): string | undefined {
  try {
    const { name, version } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>
    return name && version ? `${name}@${version}` : undefined
  } catch {
    return undefined
  }
}

function foldersIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
  } catch {
    return []
  }
}

function isLarge(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LARGE_FROM_BYTES
}
