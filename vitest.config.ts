import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { workersProject } from './test/support/workers-project.ts'

process.env['WRANGLER_SEND_METRICS'] = 'false'
process.env['CI'] ??= '1'
// wrangler looks for the configs' required secrets in the environment.
process.env['AUTH_SECRET'] ??= 'a-secret-that-only-tests-know-0123456789'
process.env['AUDIT_SIGNING_KEY'] ??= 'bindings of the tests say which'

/** Also on two cores, of which vitest would take one: a file of the Workers' projects starts a runtime, and waits for it. */
const WORKERS = Math.max(2, availableParallelism() - 1)

/** After the rest, which would take the cores from a server that answers to a clock. */
const AGAINST_SERVER = {
  sequence: { groupOrder: 1 },
  globalSetup: ['test/support/start-server.ts'],
  hookTimeout: 120_000,
  maxWorkers: 2,
  // A process for each file would load Playwright and the contract anew: files share only what they read.
  isolate: false,
  // A second, the default, is too short for a page on a busy machine; what is there ends the wait at once.
  expect: { poll: { timeout: 20_000 } },
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'domain',
          include: ['test/domain/**/*.test.ts', 'test/services/**/*.test.ts', 'test/scripts/**/*.test.ts'],
          // Pure code: what one file leaves in a module is nothing that another could notice.
          isolate: false,
          maxWorkers: WORKERS,
          // Properties take seconds where the machine has other work.
          testTimeout: 30_000,
        },
      },
      // Runs where `npm install --prefix test/clickhouse` was done, and says so where it was not.
      { test: { name: 'clickhouse', include: ['test/clickhouse/*.test.ts'], maxWorkers: WORKERS } },
      workersProject('pipeline', ['test/workers/{pipeline,adapters,metrics}/**/*.test.ts'], WORKERS),
      workersProject('api', ['test/workers/api/**/*.test.ts'], WORKERS),
      workersProject('edge', ['test/workers/edge/**/*.test.ts'], WORKERS),
      {
        test: {
          name: 'blackbox',
          ...AGAINST_SERVER,
          include: ['test/blackbox/**/*.test.ts', 'test/clients/*.test.ts'],
          testTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'browser',
          ...AGAINST_SERVER,
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
})
