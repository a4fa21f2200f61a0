import { expect, it } from 'vitest'
import { runGuardChaos } from '../../bench/chaos/guard.ts'

/** `npm run chaos -- --only guard` does the same with a thousand agents and more kills. */
it('agents never pass a hard budget, and the ledger has what they told once, whatever is killed', async () => {
  const report = await runGuardChaos({
    agents: 150,
    works: 4,
    kills: 1,
    seed: 20_261_128,
    seconds: 30,
    port: 0,
    log: () => {},
  })
  expect(report.differences).toEqual([])
  expect(report.kills).toBe(1)
  for (const count of [report.refused, report.left, report.repeated, report.retried, report.looks])
    expect(count).toBeGreaterThan(0)
}, 180_000)
