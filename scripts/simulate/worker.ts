// A thread that does one run after the other, as it is told.
import { parentPort } from 'node:worker_threads'
import { perform, type Run } from './runs.ts'

// Programs are told of failures by errors, many a second, whose stacks nobody reads; a replay has them.
Error.stackTraceLimit = 0

parentPort?.on('message', (run: Run) => parentPort?.postMessage(perform(run)))
