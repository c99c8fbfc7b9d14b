import { CacheMeshError } from '@cachemesh/protocol'
import { problemLine } from '../output/problem.ts'
import { table } from '../output/table.ts'
import { shortId } from '../output/words.ts'
import { Stop } from '../start/stop.ts'
import { agreement } from './agreement.ts'
import { LocalMesh } from './local-mesh.ts'
import { nextSteps } from './next-steps.ts'
import type { Ending, NodeProcess } from './node-process.ts'
import { Terminal } from './terminal.ts'
import { tour } from './tour.ts'

export interface DevOptions {
  readonly nodes: number
  readonly tour?: boolean
  readonly exit?: boolean
}

/**
 * Runs a mesh on this machine until Ctrl-C, or until all is shown with `exit`. Resolves to the exit code when
 * all its processes are gone: 1 when the mesh did not start, a step did not hold, or a node failed.
 */
export async function dev(options: DevOptions): Promise<number> {
  if (options.tour && options.nodes < 2)
    throw new CacheMeshError('ERR_INVALID_ARGUMENT', 'The tour needs --nodes 2 or more')
  const mesh = await LocalMesh.create()
  const terminal = new Terminal()
  const stop = new Stop(() => mesh.kill())
  // Whatever ends this process: the nodes do not wait for it.
  process.once('exit', () => mesh.kill())
  const failures = watch(mesh, stop)

  const result = await Promise.race([
    show(mesh, terminal, options),
    stop.asked.then(() => 'interrupted' as const),
  ])
  if (result === 'held' || result === 'broken') {
    if (!options.exit) await stop.asked
  }
  terminal.interrupt()
  await mesh.close()
  terminal.resume()
  if (!options.exit && result !== 'failed') terminal.line('all nodes have left')
  const held = options.exit ? result === 'held' : result === 'held' || result === 'interrupted'
  return held && failures.length === 0 ? 0 : 1
}

/** `failed`: there is no mesh; `broken`: there is one, but a step of the tour did not hold. */
type Result = 'held' | 'broken' | 'failed'

async function show(mesh: LocalMesh, terminal: Terminal, options: DevOptions): Promise<Result> {
  const { nodes } = options
  terminal.line(`\ncachemesh: a mesh of ${nodes} ${nodes === 1 ? 'process' : 'processes'} on this machine\n`)
  let result: Result = 'failed'
  let knownKey: string | undefined
  try {
    await terminal.step(`${nodes} nodes find each other through node 1`, progress =>
      open(mesh, nodes, progress),
    )
    result = 'broken'
    if (options.tour) knownKey = await tour(mesh, terminal)
    result = 'held'
  } catch {
    // The step has said what is wrong.
  }
  if (result !== 'failed' && !options.exit) invite(mesh, terminal, knownKey)
  if (options.exit && result === 'held') terminal.line('\nevery step held')
  return result
}

async function open(mesh: LocalMesh, count: number, progress: (text: string) => void) {
  const starting = mesh.start(count)
  const counting = setInterval(() => progress(`${mesh.nodes.length} of ${count}`), 100)
  await starting.finally(() => clearInterval(counting))
  const { serial, digest } = await agreement(mesh.nodes)
  const columns = [
    { head: 'NODE' },
    { head: 'PID', right: true },
    { head: 'ID' },
    { head: 'LISTENS' },
    { head: 'API' },
  ]
  const rows = mesh.nodes.map(({ number, pid, ready }) => [
    String(number),
    String(pid),
    shortId(ready.nodeId),
    ready.listen.join(' '),
    ready.api,
  ])
  const agreed = `one configuration on all: serial ${serial}, digest ${digest.slice(0, 12)}…`
  return { lines: [...table(columns, rows).split('\n'), agreed] }
}

function invite(mesh: LocalMesh, terminal: Terminal, knownKey: string | undefined): void {
  terminal.line('\nTry in another terminal:\n')
  for (const command of nextSteps(mesh, knownKey)) terminal.line(`  ${command}`)
  terminal.line('\nCtrl-C ends the mesh.')
}

/** Collects nodes that failed by themselves; one that somebody killed or had leave did not. */
function watch(mesh: LocalMesh, stop: Stop): NodeProcess[] {
  const failures: NodeProcess[] = []
  mesh.onLost = (node: NodeProcess, { code, signal }: Ending) => {
    if (stop.requested) return
    const left = code === 0 || signal === 'SIGKILL' || signal === 'SIGTERM'
    if (!left) failures.push(node)
    const how = code === 0 ? 'left' : `ended (${signal ?? `exit code ${code}`})`
    process.stderr.write(`${problemLine(`node ${node.number} ${how}; the others go on`)}\n`)
    if (mesh.nodes.length === 0) stop.ask()
  }
  return failures
}
