import { percentile, type Figure } from '../report.ts'
import type { Bench } from '../support/bench.ts'
import { scoreOf, trialsOf, type Trial } from '../forecast/back-test.ts'
import { fleetSpend } from '../forecast/fleet-spend.ts'
import { seasonalInNode } from '../forecast/seasonal.ts'
import { cutsOf, worldsOf } from '../forecast/worlds.ts'

const SECTION = 'forecast'
const TRACES_PER_DAY = 400
const MONTHS = ['2026-01', '2026-02', '2026-03', '2026-04', '2026-05', '2026-06']

/**
 * Month-end spend of the demo's organization, agents and workflows, foreseen on days 5 to 25 of six months from what
 * was known then; against spent ÷ elapsed × length of the month.
 */
export async function forecast(bench: Bench): Promise<Figure[]> {
  const seeds = bench.quick ? [1] : [1, 2, 3]
  const months = bench.quick ? MONTHS.slice(0, 3) : MONTHS
  const seasonal = seasonalInNode()
  const byWorld = new Map<string, Trial[]>()
  for (const seed of seeds) {
    for (const [name, world] of worldsOf(
      seed,
      '2025-11-01',
      bench.quick ? '2026-04-01' : '2026-07-01',
      TRACES_PER_DAY,
    )) {
      const spend = fleetSpend(world)
      const trials = [...spend.keys()].flatMap((scope) => trialsOf(spend, scope, cutsOf(months), seasonal))
      byWorld.set(name, [...(byWorld.get(name) ?? []), ...trials])
    }
  }
  const all = [...byWorld.values()].flat()
  return [
    ...[...byWorld].flatMap(([name, trials]) => figuresOf(name, trials)),
    ...figuresOf('all', all),
    ...speedOf(all),
  ]
}

function figuresOf(name: string, trials: readonly Trial[]): Figure[] {
  const score = scoreOf(trials)
  const figure = (what: string, value: number, unit: string, more: Partial<Figure> = {}): Figure => ({
    section: SECTION,
    name: `${name}: ${what}`,
    value,
    unit,
    ...more,
  })
  const isAll = name === 'all'
  return [
    figure('error', score.mape, '%', {
      target: { at: 'most', value: score.runRateMape },
      note: `mean absolute, of ${score.trials} forecasts; the target is the run rate's`,
    }),
    figure('within 80 %', score.coverage80, '%', isAll ? { target: { at: 'least', value: 70 } } : {}),
    figure('within 95 %', score.coverage95, '%', isAll ? { target: { at: 'least', value: 85 } } : {}),
    figure('Brier score of overrun', score.brier, '', {
      target: { at: 'most', value: score.runRateBrier },
      note: "the target is the run rate's yes or no",
    }),
  ]
}

function speedOf(trials: readonly Trial[]): Figure[] {
  const times = trials.map(({ ms }) => ms)
  return [
    { section: SECTION, name: 'time of one, median', value: percentile(times, 0.5), unit: 'ms' },
    {
      section: SECTION,
      name: 'time of one, 99 %',
      value: percentile(times, 0.99),
      unit: 'ms',
      target: { at: 'most', value: 50 },
    },
  ]
}
