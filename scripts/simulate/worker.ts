// A thread that does one run after the other, as it is told.
import { parentPort } from 'node:worker_threads'
import { perform, type Run } from './runs.ts'

parentPort?.on('message', (run: Run) => parentPort?.postMessage(perform(run)))
