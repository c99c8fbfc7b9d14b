import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Outcome } from '@cachemesh/simulator'
import { perform, type Run } from './runs.ts'

/** Most of what a run makes is soon garbage: with room for it little lives long enough to be moved. */
const LIMITS = { maxYoungGenerationSizeMb: 192 }

/**
 * Does all runs on some threads. The outcomes come back in the order of the runs, whichever thread did which;
 * `done` hears of each as soon as it is there. With one thread it is this one. Once it does not go on no other begins.
 */
export async function performAll(
  runs: readonly Run[],
  { threads, goesOn }: { threads: number; goesOn: () => boolean },
  done: (outcome: Outcome, run: Run) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  if (Math.min(threads, runs.length) <= 1) {
    for (const run of runs) {
      if (!goesOn()) break
      const outcome = perform(run)
      outcomes.push(outcome)
      done(outcome, run)
    }
    return outcomes
  }
  const count = Math.min(threads, runs.length)
  // A long one that comes last would be waited for by all.
  const order = [...runs.keys()].sort((a, b) => work(runs[b] as Run) - work(runs[a] as Run))
  let next = 0
  const take = (): number | undefined => (next < runs.length && goesOn() ? order[next++] : undefined)
  const workers = Array.from(
    { length: count },
    () => new Worker(join(import.meta.dirname, 'worker.ts'), { resourceLimits: LIMITS }),
  )
  const workOff = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      let place = take()
      const ask = (): void => {
        if (place === undefined) resolve()
        else worker.postMessage(runs[place])
      }
      worker.on('message', (outcome: Outcome) => {
        const asked = place as number
        outcomes[asked] = outcome
        done(outcome, runs[asked] as Run)
        place = take()
        ask()
      })
      worker.on('error', reject)
      worker.on('exit', code => reject(new Error(`A thread ended with ${code}`)))
      ask()
    })
  try {
    await Promise.all(workers.map(workOff))
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()))
  }
  // Without those that have not begun.
  return outcomes.filter(outcome => outcome !== undefined)
}

/** How long a run takes compared with others: in a storm a mesh of twice the size says four times as much. */
function work({ nodes, durationMs }: Run): number {
  return nodes * nodes * durationMs
}
