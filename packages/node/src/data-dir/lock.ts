// One process for each data directory: two would be one member of the mesh twice.
//
// A claim is a Unix socket in the directory that the claiming process listens on, in a file named after it. Who
// wants the directory publishes its claim first and looks for others afterwards, and withdraws when it finds one
// that lives. Of two that come at once each has published before it looks, so at least one sees the other: there
// are never two holders, with no step that replaces or judges a file and could lose a race.
//
// Whether a claim lives is asked of the kernel: it refuses a connection to a socket whose process has ended,
// however that ended. No process id is compared, so none that is used again, or that means something else in another
// container, can deceive; and a holder that is frozen is still a holder. A name is used once, so that a dead
// claim can be deleted by anybody at any time. Sockets do not reach across machines: a directory on a network
// file system, opened on two of them, is found by the mesh instead (ERR_DUPLICATE_IDENTITY).
//
// Windows, and file systems that hold no sockets, get a plain file. There the process id in its name has to do; one that
// another program uses by now keeps the directory closed until the file is deleted, which is the safe way round.

import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CacheMeshError } from '@cachemesh/protocol'

export interface Lock {
  /** Gives the directory free. */
  release(): Promise<void>
}

const CLAIM = /^lock\.(\d+)\.[0-9a-f]{16}$/
/** Two that start at once may both withdraw; by chance one of them is first the next time. */
const TRIES = 5
const PAUSE_MAX_MS = 100

/**
 * @throws ERR_DATA_DIR_IN_USE naming the process that has it; an error of the file system when no claim can be
 *   written.
 */
export async function lockDirectory(path: string): Promise<Lock> {
  for (let tries = 1; ; tries++) {
    // One who only looks disturbs nobody who has it.
    const holder = await findHolder(path)
    if (holder !== undefined) throw inUse(path, holder)
    const claim = await Claim.publish(path)
    const other = await findHolder(path, claim.name)
    if (other === undefined) return claim
    await claim.release()
    if (tries === TRIES) throw inUse(path, other)
    await new Promise(resolve => setTimeout(resolve, Math.random() * PAUSE_MAX_MS))
  }
}

class Claim implements Lock {
  readonly name: string
  readonly #file: string
  readonly #server: Server | undefined

  private constructor(directory: string, name: string, server: Server | undefined) {
    this.name = name
    this.#file = join(directory, name)
    this.#server = server
  }

  /** The name appears when the claim lives already: others would take one that nobody listens on for dead. */
  static async publish(directory: string): Promise<Claim> {
    const name = `lock.${process.pid}.${randomBytes(8).toString('hex')}`
    const unpublished = join(directory, `${name}.new`)
    const server = process.platform === 'win32' ? undefined : await listenIn(directory, `${name}.new`)
    try {
      if (server === undefined) await writeFile(unpublished, '', { mode: 0o600 })
      await rename(unpublished, join(directory, name))
    } catch (error) {
      server?.close()
      throw error
    }
    return new Claim(directory, name, server)
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true }).catch(() => {})
    const server = this.#server
    if (server !== undefined) await new Promise<void>(resolve => server.close(() => resolve()))
  }
}

/** A server at a socket of this name; undefined where the file system holds no sockets. */
async function listenIn(directory: string, name: string): Promise<Server | undefined> {
  const server = createServer(connection => connection.destroy())
  try {
    return await throughShortPath(directory, short => {
      return new Promise<Server>((resolve, reject) => {
        server.once('error', reject)
        // Exclusive: in a worker of a cluster the socket would outlive this process in the primary.
        server.listen({ path: join(short, name), exclusive: true }, () => {
          server.off('error', reject).on('error', () => {})
          server.unref()
          resolve(server)
        })
      })
    })
  } catch (error) {
    if (SOCKETLESS.includes(codeOf(error))) return undefined
    throw error
  }
}

const SOCKETLESS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']

/** The process that has the directory, if one has. Claims of the dead are deleted on the way. */
async function findHolder(
  directory: string,
  own?: string,
): Promise<{ pid: string; file: string } | undefined> {
  for (const name of await readdir(directory)) {
    const pid = CLAIM.exec(name)?.[1]
    if (pid === undefined || name === own) continue
    const file = join(directory, name)
    if (await lives(directory, name, Number(pid))) return { pid, file }
    await rm(file, { force: true }).catch(() => {})
  }
  return undefined
}

async function lives(directory: string, name: string, pid: number): Promise<boolean> {
  const file = await stat(join(directory, name)).catch(() => undefined)
  if (file === undefined) return false
  return file.isSocket() ? listens(directory, name) : runs(pid)
}

function listens(directory: string, name: string): Promise<boolean> {
  return throughShortPath(directory, short => {
    return new Promise(resolve => {
      const socket = connect({ path: join(short, name) })
      const end = (alive: boolean) => {
        socket.destroy()
        resolve(alive)
      }
      socket.once('connect', () => end(true))
      // Any other error, a full queue or a missing right, is not a sign of death.
      socket.once('error', error => end(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error))))
    })
  })
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** The path of a socket has some 100 bytes at most, a data directory may have more. */
async function throughShortPath<T>(directory: string, use: (short: string) => Promise<T>): Promise<T> {
  const own = await mkdtemp(join(tmpdir(), 'cm-'))
  try {
    const short = join(own, 'd')
    await symlink(resolve(directory), short)
    return await use(short)
  } finally {
    await rm(own, { recursive: true, force: true }).catch(() => {})
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

function inUse(path: string, { pid, file }: { pid: string; file: string }): CacheMeshError {
  return new CacheMeshError(
    'ERR_DATA_DIR_IN_USE',
    `The data directory ${path} is in use by process ${pid}; stop that one, or give this node a directory of its ` +
      `own (--data-dir). If process ${pid} is none of cachemesh, delete ${file}`,
  )
}
