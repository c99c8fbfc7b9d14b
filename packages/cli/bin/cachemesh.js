#!/usr/bin/env node
// The command itself. It looks at the version of Node.js before it loads anything, and is CommonJS without
// new syntax (package.json beside it), so that an old Node can read it and say that it is too old.
'use strict'

const [major, minor] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(`cachemesh needs Node.js 22.12 or newer; this is v${process.versions.node}\n`)
  process.exitCode = 1
} else {
  start()
}

function start() {
  const { existsSync } = require('node:fs')
  const { join } = require('node:path')
  const sources = join(__dirname, '../src/main.ts')
  if (existsSync(sources)) runSources(sources, join(__dirname, '../../../node_modules/.bin/node'))
  else import('../dist/main.js')
}

/** In a checkout of the project: always the sources, never the last build. */
function runSources(sources, pinned) {
  const { spawn } = require('node:child_process')
  const runtime = process.features.typescript ? process.execPath : pinned
  const args = ['--conditions=@cachemesh/source', sources, ...process.argv.slice(2)]
  const child = spawn(runtime, args, { stdio: 'inherit' })
  // At Ctrl-C the terminal tells the child too; it takes two signals in one moment for one.
  const forward = signal => child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, forward)
  child.on('error', error => {
    process.stderr.write(`cachemesh: ${runtime} cannot be run: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, forward)
    if (signal === null) process.exitCode = code
    else process.kill(process.pid, signal)
  })
}
