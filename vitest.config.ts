import { defineConfig } from 'vitest/config'
import { workersProject } from './test/support/workers-project.ts'

process.env['WRANGLER_SEND_METRICS'] = 'false'
process.env['CI'] ??= '1'
// wrangler looks for the configs' required secrets in the environment.
process.env['AUTH_SECRET'] ??= 'a-secret-that-only-tests-know-0123456789'
process.env['AUDIT_SIGNING_KEY'] ??= 'bindings of the tests say which'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'domain',
          include: ['test/domain/**/*.test.ts', 'test/services/**/*.test.ts', 'test/scripts/**/*.test.ts'],
        },
      },
      // Runs where `npm install --prefix test/clickhouse` was done, and says so where it was not.
      { test: { name: 'clickhouse', include: ['test/clickhouse/*.test.ts'] } },
      workersProject('pipeline', ['test/workers/{pipeline,adapters,metrics}/**/*.test.ts']),
      workersProject('api', ['test/workers/api/**/*.test.ts']),
      workersProject('edge', ['test/workers/edge/**/*.test.ts']),
      {
        test: {
          name: 'blackbox',
          // After the rest: what is timed here must not share its two cores with them.
          sequence: { groupOrder: 1 },
          include: ['test/blackbox/**/*.test.ts'],
          globalSetup: ['test/support/start-server.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          sequence: { groupOrder: 2 },
          include: ['test/browser/**/*.test.ts'],
          globalSetup: ['test/support/start-server.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
