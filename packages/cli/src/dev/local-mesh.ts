import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey } from 'cachemesh'
import { type Ending, NodeProcess } from './node-process.ts'

/** Start times of a process are mostly CPU; more at once only take longer each. */
const STARTING_MAX = 4

/** Nodes on this machine, each a process on free ports, with a mesh key that lives as long as they do. */
export class LocalMesh {
  readonly #directory: string
  readonly #nodes: NodeProcess[] = []
  readonly #running = new Set<NodeProcess>()
  #lastNumber = 0

  /** Told of each node that ends although nobody here wanted it. */
  onLost: (node: NodeProcess, ending: Ending) => void = () => {}

  static async create(): Promise<LocalMesh> {
    const directory = await mkdtemp(join(tmpdir(), 'cachemesh-dev-'))
    const mesh = new LocalMesh(directory)
    await writeFile(mesh.keyFile, `${generateKey()}\n`, { mode: 0o600 })
    return mesh
  }

  private constructor(directory: string) {
    this.#directory = directory
  }

  get keyFile(): string {
    return join(this.#directory, 'mesh.key')
  }

  /** The nodes that serve, by their numbers. */
  get nodes(): readonly NodeProcess[] {
    return this.#nodes.filter(node => this.#running.has(node))
  }

  node(number: number): NodeProcess {
    return this.#nodes.find(node => node.number === number) as NodeProcess
  }

  /** Starts nodes; the first of a mesh is the seed of the others. Rejects when one does not start. */
  async start(count: number): Promise<void> {
    if (this.#nodes.length === 0 && count-- > 0) await this.add()
    while (count > 0) {
      const batch = Math.min(count, STARTING_MAX)
      await Promise.all(Array.from({ length: batch }, () => this.add()))
      count -= batch
    }
  }

  async add(): Promise<NodeProcess> {
    const seeds = this.nodes.flatMap(({ ready }) => ready.listen[0] ?? [])
    const node = new NodeProcess(++this.#lastNumber, [
      ...['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0', '--mesh', 'dev', '--key-file', this.keyFile],
      ...seeds.slice(0, 3).flatMap(seed => ['--seed', seed]),
    ])
    this.#running.add(node)
    void node.ended.then(ending => {
      this.#running.delete(node)
      if (this.#nodes.includes(node) && !node.leaving) this.onLost(node, ending)
    })
    await node.serving()
    this.#nodes.push(node)
    this.#nodes.sort((a, b) => a.number - b.number)
    return node
  }

  /** Has all nodes leave, those too that still start, and forgets the key. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map(node => node.leave()))
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** For when there is no time: no node outlives this process. */
  kill(): void {
    for (const node of this.#running) node.kill()
  }
}
