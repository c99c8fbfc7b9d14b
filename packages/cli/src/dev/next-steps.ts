import { extname } from 'node:path'
import { hostPort } from '../output/words.ts'
import type { LocalMesh } from './local-mesh.ts'

/** Commands to try on a running mesh, as they are typed. */
export function nextSteps(mesh: LocalMesh, knownKey: string | undefined): string[] {
  const [first, second] = mesh.nodes
  if (first === undefined) return []
  const other = second ?? first
  const seed = hostPort(first.ready.listen[0] ?? '')
  return [
    `export CACHEMESH_API=${first.ready.api}`,
    `${COMMAND} members`,
    ...(knownKey === undefined ? [] : [`${COMMAND} get ${knownKey}`, `${COMMAND} route ${knownKey}`]),
    `${COMMAND} set greeting hello --ttl 5m`,
    `${COMMAND} get greeting --api ${other.ready.api} --format json`,
    `${COMMAND} start --mesh dev --key-file ${mesh.keyFile} \\`,
    `    --seed ${seed} --listen 127.0.0.1:0 --api 127.0.0.1:0`,
  ]
}

/** In a checkout, or run by npm, the command is not on the path. */
const COMMAND =
  extname(import.meta.filename) === '.ts' || process.env.npm_command !== undefined
    ? 'npx cachemesh'
    : 'cachemesh'
