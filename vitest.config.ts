import { defineConfig } from 'vitest/config'

// Tests run the sources, through the export condition that development uses.
const conditions = ['@cachemesh/source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    execArgv: ['--conditions=@cachemesh/source'],
    reporters: ['default', './test/closing-line.ts'],
    // Simulated time is paid for with processor time, of which a busy machine has little.
    testTimeout: 120_000,
    // One more than by default on two cores: most files wait for processes more than they compute.
    maxWorkers: 2,
  },
})
