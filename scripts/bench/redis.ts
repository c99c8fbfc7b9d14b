// A redis-server of our own on a free port, without persistence, where the program is installed.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'

export interface RedisServer {
  readonly version: string
  readonly port: number
  close(): Promise<void>
}

/** Undefined where no redis-server is installed. */
export async function startRedis(): Promise<RedisServer | undefined> {
  const { stdout, error } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  if (error !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'cachemesh-bench-'))
  const port = await freePort()
  const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder }
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const server = spawn('redis-server', flags, { stdio: 'ignore' })
  // It must not outlive a benchmark that fails.
  const kill = () => server.kill()
  process.once('exit', kill)
  const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true })
  // It is retried until the server listens.
  client.on('error', () => {})
  await client.ping()
  client.disconnect()
  return {
    version: /v=(\S+)/.exec(stdout)?.[1] ?? 'unknown',
    port,
    close: async () => {
      await stop(server)
      process.off('exit', kill)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill()
  await exited
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
