import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

/** A node in a thread of its own, which can be kept busy while this one goes on. */
export interface BusyNode {
  readonly id: string
  /** Its loop does nothing for so long. */
  block(ms: number): void
  /** Each turn of its loop takes so long, until it is freed. */
  burden(turnMs: number): void
  free(): void
}

export async function startBusyNode(seeds: readonly string[]): Promise<BusyNode> {
  const program = `
    const { parentPort } = require('node:worker_threads')
    import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)}).then(async ({ createNode }) => {
      const node = await createNode({ seeds: ${JSON.stringify(seeds)} })
      let burdened = false
      const block = ms => {
        const until = performance.now() + ms
        while (performance.now() < until);
        if (burdened) setTimeout(block, 1, ms)
      }
      parentPort.on('message', ({ ms, again }) => {
        burdened = again
        block(ms)
      })
      parentPort.postMessage(node.id)
    })`
  const worker = new Worker(program, { eval: true, execArgv: ['--conditions=@cachemesh/source'] })
  onTestFinished(async () => void (await worker.terminate()))
  const id = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return {
    id,
    block: ms => worker.postMessage({ ms, again: false }),
    burden: turnMs => worker.postMessage({ ms: turnMs, again: true }),
    free: () => worker.postMessage({ ms: 0, again: false }),
  }
}
