import type { Reporter, TestModule } from 'vitest/node'

/** Ends a run with one plain line that any tool can read: `N passed, N failed`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], strayErrors: readonly unknown[]): void {
    let passed = 0
    let failed = strayErrors.length
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++
        if (test.result().state === 'failed') failed++
      }
      // A file that does not load and a hook that throws fail without any test of theirs failing.
      for (const suite of [module, ...module.children.allSuites()]) if (suite.errors().length > 0) failed++
    }
    // The default reporter prints its summary in the same event; this line comes after it.
    process.once('exit', () => process.stdout.write(`${passed} passed, ${failed} failed\n`))
  }
}
