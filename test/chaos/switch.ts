// Stands between the nodes of a mesh, so that a scenario can cut the way from one to another while both live: every
// node tells others the address of a port here, which leads to it. Who dials is found by its end of the connection,
// in the kernel's tables, so Linux only; without any right but to look at one's own processes.

import { readdir, readFile, readlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'

interface Way {
  readonly from: number
  readonly to: number
  readonly sockets: readonly [Socket, Socket]
}

export class Switch {
  readonly #servers: Server[] = []
  readonly #ways = new Set<Way>()
  readonly #pids = new Map<number, number>()
  /** Pairs `from to` between which nothing passes. */
  readonly #cut = new Set<string>()

  /** Opens a port that leads to this address of node `to`; resolves to its address. */
  async open(to: number, address: string): Promise<string> {
    const server = createServer({ pauseOnConnect: true }, inner => {
      inner.on('error', () => inner.destroy())
      this.#carry(inner, to, address).catch(() => inner.destroy())
    })
    this.#servers.push(server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
    return `127.0.0.1:${(server.address() as { port: number }).port}`
  }

  /** The process that is node `index`. */
  is(index: number, pid: number): void {
    this.#pids.set(pid, index)
  }

  /**
   * From now on nothing passes between the two, in either direction, and neither hears of it: what is sent waits, and
   * new connections stay without an answer.
   */
  cut(a: number, b: number): void {
    for (const pair of [pairOf(a, b), pairOf(b, a)]) this.#cut.add(pair)
    for (const { from, to, sockets } of this.#ways) {
      if (this.#cut.has(pairOf(from, to))) for (const socket of sockets) socket.pause()
    }
  }

  /** All ways are open again. What was connected across a cut is reset, as by a machine that forgot it. */
  heal(): void {
    const cut = new Set(this.#cut)
    this.#cut.clear()
    for (const way of this.#ways) {
      if (!cut.has(pairOf(way.from, way.to))) continue
      this.#ways.delete(way)
      for (const socket of way.sockets) socket.resetAndDestroy()
    }
  }

  async close(): Promise<void> {
    for (const { sockets } of this.#ways) for (const socket of sockets) socket.destroy()
    await Promise.all(this.#servers.map(server => new Promise(resolve => server.close(resolve))))
  }

  async #carry(inner: Socket, to: number, address: string): Promise<void> {
    const from = await this.#dialler(inner.remotePort ?? 0)
    const [host = '', port = ''] = address.split(':')
    const outer = connect({ host, port: Number(port), noDelay: true })
    const way: Way = { from, to, sockets: [inner, outer] }
    this.#ways.add(way)
    this.#pass(way, inner, outer)
    this.#pass(way, outer, inner)
  }

  #pass(way: Way, source: Socket, sink: Socket): void {
    const isCut = () => this.#cut.has(pairOf(way.from, way.to))
    // Across a cut neither side hears of the end of the other.
    const end = (how: () => void) => {
      if (!isCut()) how()
      if (way.sockets.every(({ destroyed }) => destroyed)) this.#ways.delete(way)
    }
    source.setNoDelay()
    source.on('data', data => {
      if (!sink.write(data)) source.pause()
    })
    sink.on('drain', () => {
      if (!isCut()) source.resume()
    })
    source.on('end', () => end(() => sink.end()))
    source.on('error', () => end(() => sink.resetAndDestroy()))
    source.on('close', () => end(() => sink.destroySoon()))
    if (isCut()) source.pause()
    else source.resume()
  }

  /** Which node has this port of a connection at its end. */
  async #dialler(port: number): Promise<number> {
    const inode = await inodeOf(port)
    for (const [pid, index] of this.#pids) if (await holds(pid, inode)) return index
    // It has just been started, and will be known when the next one comes.
    return -1
  }
}

function pairOf(from: number, to: number): string {
  return `${from} ${to}`
}

async function inodeOf(port: number): Promise<string> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n')
  for (const row of rows) {
    const [, address = '', , , , , , , , inode = ''] = row.trim().split(/\s+/)
    if (address.endsWith(local) && inode !== '0') return inode
  }
  return ''
}

async function holds(pid: number, inode: string): Promise<boolean> {
  const directory = `/proc/${pid}/fd`
  const descriptors = await readdir(directory).catch(() => [])
  const targets = await Promise.all(descriptors.map(fd => readlink(`${directory}/${fd}`).catch(() => '')))
  return targets.includes(`socket:[${inode}]`)
}
