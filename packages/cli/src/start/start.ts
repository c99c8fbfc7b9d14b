// The daemon: one node and its HTTP API, until it is told to stop.

import { type HttpGateway, type HttpOptions, startHttp } from '@cachemesh/http'
import { CacheMeshError } from '@cachemesh/protocol'
import { type CacheMeshNode, createNode } from 'cachemesh'
import { saveCompiledCode } from '../compile-cache.ts'
import { Log } from './log.ts'
import { readStartOptions, type StartFlags } from './options.ts'
import { Stop } from './stop.ts'

/** Resolves when the node has left its mesh and is closed. Throws what `createNode` and `startHttp` throw. */
export async function start(flags: StartFlags): Promise<void> {
  const options = await readStartOptions(flags)
  const log = new Log(options.format)
  const stop = new Stop()
  if (options.attached) stop.attach()
  let http: HttpGateway | undefined
  // Joining a mesh only to leave it again for a port that is taken would trouble everybody in it.
  const beforeJoin = async (node: CacheMeshNode) => {
    http = await openApi(node, { listen: options.api, leave: stop.ask })
  }
  try {
    const node = await createNode(options.node, beforeJoin)
    try {
      if (http && !stop.requested) await serve(node, { http, stop, log })
    } finally {
      await node.leave()
      await node.close()
    }
  } finally {
    await http?.close()
  }
}

async function openApi(node: CacheMeshNode, options: HttpOptions): Promise<HttpGateway> {
  try {
    return await startHttp(node, options)
  } catch (cause) {
    const { code, message } = cause as CacheMeshError
    throw new CacheMeshError(code, `${message}; that is the address of the HTTP API, --api`, { cause })
  }
}

interface Serving {
  readonly http: HttpGateway
  readonly stop: Stop
  readonly log: Log
}

async function serve(node: CacheMeshNode, { http, stop, log }: Serving): Promise<void> {
  try {
    warnOf(node, log)
    log.ready(node, http.url)
    saveCompiledCode()
    await Promise.race([stop.asked, stoodDown(node)])
    // Calls that come in meanwhile are answered; after it the node would be alone with them.
    await node.leave()
  } finally {
    await http.close()
  }
}

/** Rejects when the node gives way to another process with its identity: nothing is left to serve. */
function stoodDown(node: CacheMeshNode): Promise<never> {
  return new Promise((_, reject) => {
    node.on('warning', error => {
      if (error.code === 'ERR_DUPLICATE_IDENTITY' && node.readiness.state === 'left') reject(error)
    })
  })
}

function warnOf(node: CacheMeshNode, log: Log): void {
  const alone = () => {
    const { state, reason } = node.readiness
    if (state === 'alone' && reason !== '')
      log.warning(new CacheMeshError('ERR_UNREACHABLE', `alone: ${reason}`))
  }
  node.on('warning', error => log.warning(error))
  node.on('state', alone)
  node.on('state', state => {
    if (state === 'destroyed') log.warning(destroyed(node))
  })
  alone()
}

/** It goes on, so that members that were cut off learn of it here, and nobody founds the mesh anew in its place. */
function destroyed({ configuration }: CacheMeshNode): CacheMeshError {
  return new CacheMeshError(
    'ERR_MESH_DESTROYED',
    `The mesh ${JSON.stringify(configuration.meshId)} was destroyed: this node holds nothing any more, and only tells ` +
      'others of it; end it when all have heard',
  )
}
