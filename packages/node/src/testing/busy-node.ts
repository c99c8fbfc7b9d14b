import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

/** A node in a thread of its own, which can be kept busy while this one goes on. */
export interface BusyNode {
  readonly id: string
  /** Its loop does nothing for so long; then it goes on for a turn, and so on, so many times. */
  block(ms: number, times?: number): void
}

export async function startBusyNode(seeds: readonly string[]): Promise<BusyNode> {
  const program = `
    const { parentPort } = require('node:worker_threads')
    import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)}).then(async ({ createNode }) => {
      const node = await createNode({ seeds: ${JSON.stringify(seeds)} })
      const block = ({ ms, times }) => {
        const until = performance.now() + ms
        while (performance.now() < until);
        if (times > 1) setTimeout(block, 1, { ms, times: times - 1 })
      }
      parentPort.on('message', block)
      parentPort.postMessage(node.id)
    })`
  const worker = new Worker(program, { eval: true, execArgv: ['--conditions=@cachemesh/source'] })
  onTestFinished(async () => void (await worker.terminate()))
  const id = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { id, block: (ms, times = 1) => worker.postMessage({ ms, times }) }
}
