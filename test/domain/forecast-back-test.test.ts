import { describe, expect, it } from 'vitest'
import { scoreOf, trialsOf } from '../../bench/forecast/back-test.ts'
import { fleetSpend } from '../../bench/forecast/fleet-spend.ts'
import { seasonalInNode } from '../../bench/forecast/seasonal.ts'
import { cutsOf, worldsOf } from '../../bench/forecast/worlds.ts'

const MONTHS = ['2026-02', '2026-03', '2026-04']
const seasonal = seasonalInNode()
// A small part of what `npm run bench -- --only forecast` does; the same in every run.
const worlds = worldsOf(7, '2025-12-01', '2026-05-01', 120).map(([name, world]) => {
  const spend = fleetSpend(world)
  return { name, trials: [...spend.keys()].flatMap((scope) => trialsOf(spend, scope, cutsOf(MONTHS), seasonal)) }
})

describe('forecasts of past months of the demo’s fleet', () => {
  it.each(worlds)('err less than the run rate: $name', ({ trials }) => {
    const { mape, runRateMape, brier, runRateBrier } = scoreOf(trials)
    expect(mape).toBeLessThan(runRateMape)
    expect(brier).toBeLessThan(runRateBrier)
  })

  it('end within their intervals about as often as these say', () => {
    const { trials, coverage80, coverage95 } = scoreOf(worlds.flatMap((world) => world.trials))
    expect(trials).toBeGreaterThan(500)
    expect([coverage80 > 70, coverage80 < 93, coverage95 > 85]).toEqual([true, true, true])
  })

  it('are above a limit about as often as they say', () => {
    const risks = worlds.flatMap(({ trials }) => trials.flatMap((trial) => trial.risks))
    const passedOf = (from: number, to: number) => {
      const own = risks.filter(({ chance }) => chance >= from && chance <= to)
      return own.filter(({ passed }) => passed).length / own.length
    }
    expect(passedOf(0, 0.1)).toBeLessThan(0.1)
    expect(passedOf(0.3, 0.7)).toBeGreaterThan(0.25)
    expect(passedOf(0.3, 0.7)).toBeLessThan(0.75)
    expect(passedOf(0.9, 1)).toBeGreaterThan(0.9)
  })
})
