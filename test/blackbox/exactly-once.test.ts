import { expect, it } from 'vitest'
import { runChaos } from '../../bench/chaos/run.ts'

/** `npm run chaos` does the same with more kills and more load. */
it('counts every acknowledged event once, whatever is killed and sent again', { timeout: 180_000 }, async () => {
  const report = await runChaos({
    kills: 3,
    seed: 20_261_123,
    port: 0,
    lanes: 2,
    lifeMs: [250, 1500],
    cells: ['global', 'us'],
    log: () => {},
  })
  expect(report.differences).toEqual([])
  for (const tenant of report.tenants) {
    expect(tenant.entries).toBeGreaterThan(0)
    expect(tenant.retried).toBeGreaterThan(0)
  }
})
