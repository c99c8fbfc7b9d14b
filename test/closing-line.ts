import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one plain line that any tool can read: `N passed, N failed`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      let broken = module.state() === 'failed'
      for (const test of module.children.allTests()) {
        const state = test.result().state
        if (state === 'passed') passed++
        if (state === 'failed') {
          failed++
          broken = false
        }
      }
      if (broken) failed++ // the file itself did not load
    }
    // The default reporter prints its summary in the same event; this line comes after it.
    process.once('exit', () => process.stdout.write(`${passed} passed, ${failed} failed\n`))
  }
}
