import { once } from 'node:events'
import { createServer } from 'node:net'
import { CacheMeshError } from '@cachemesh/protocol'

const HOST_PORT = /^(?:\[([^\]]+)\]|([^:[\]/\s]+)):(\d{1,5})$/

/** Throws ERR_ADDRESS_IN_USE or ERR_INVALID_ADDRESS when the HTTP API could not listen on `HOST:PORT`. */
export async function checkFree(address: string): Promise<void> {
  const [, ipv6, name, port] = HOST_PORT.exec(address) ?? []
  const host = ipv6 ?? name
  if (host === undefined || Number(port) > 0xffff)
    throw invalid(`${JSON.stringify(address)} is not HOST:PORT`)
  const server = createServer()
  try {
    server.listen({ host, port: Number(port) })
    await once(server, 'listening')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE')
      throw invalid(`The API cannot listen on ${address} (${code ?? message})`, cause)
    throw new CacheMeshError(
      'ERR_ADDRESS_IN_USE',
      `Another program listens on ${address}; stop it, or choose another port with --api (port 0 takes a free one)`,
      { cause },
    )
  }
  server.close()
  await once(server, 'close')
}

function invalid(message: string, cause?: unknown): CacheMeshError {
  return new CacheMeshError('ERR_INVALID_ADDRESS', message, { cause })
}
