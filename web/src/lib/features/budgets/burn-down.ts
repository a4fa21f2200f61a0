import type { BudgetDetail, ForecastPath } from '../../budgets.ts'
import { nanoOf, usdOf } from '../../money.ts'
import type { ChartBucket, ChartSeries } from '../../ui/chart/series.ts'

type Point = ForecastPath['path'][number]
type Usd = (usd: string) => string

const SPENT = 'var(--color-series-1)'
const NOTHING = '–'
/** The inner one lies on the outer one. */
const BAND_OPACITY = { '95': 0.12, '80': 0.22 } as const

/** Steps of the period; the one that is under way is drawn as such. */
export function bucketsOf({ path }: ForecastPath, nowMs: number): ChartBucket[] {
  return path.map(({ from, to }) => {
    const [start_ms, end_ms] = [Date.parse(from), Date.parse(to)]
    return { start_ms, end_ms, partial: start_ms <= nowMs && nowMs < end_ms }
  })
}

/** What was spent, what is expected with its intervals, the limit and the plan. Floats only place the pixels. */
export function burnDownSeries(forecast: ForecastPath, budget: BudgetDetail, usd: Usd): ChartSeries[] {
  const { path } = forecast
  const isForeseen = forecast.forecast !== null
  return [
    ...(isForeseen
      ? [
          band('95', '95 % interval', path, 'low_95_usd', 'high_95_usd', usd),
          band('80', '80 % interval', path, 'low_80_usd', 'high_80_usd', usd),
        ]
      : []),
    line('spent', 'Spent', path, (point) => point.spent_usd, usd, { kind: 'area' }),
    ...(isForeseen
      ? [
          line(
            'expected',
            'Expected',
            path,
            (point) => point.expected_usd,
            usd,
            { ahead: true, dashed: true },
            fromHere(path),
          ),
        ]
      : []),
    ...limits(forecast, budget, usd),
    ...plan(forecast, budget, usd),
  ]
}

function limits({ path, limit_usd }: ForecastPath, budget: BudgetDetail, usd: Usd): ChartSeries[] {
  const level = (key: string, label: string, amount: string, more: Partial<ChartSeries>) =>
    line(key, label, path, () => amount, usd, { ahead: true, ...more })
  const limit = level('limit', 'Limit', limit_usd, { color: 'var(--color-danger)' })
  if (budget.extension === null) return [limit]
  const without = level('without', 'Limit without extension', budget.limit_usd, {
    color: 'var(--color-muted)',
    dashed: true,
  })
  return [{ ...limit, label: 'Limit with extension' }, without]
}

/** A month's plan, as if it were spent evenly. */
function plan({ path, period_start, time_zone }: ForecastPath, budget: BudgetDetail, usd: Usd): ChartSeries[] {
  const planned = budget.planned_usd[monthOf(period_start, time_zone)]
  if (budget.period !== 'month' || planned === undefined) return []
  const until = (at: number) => usdOf((nanoOf(planned) * BigInt(at + 1)) / BigInt(path.length))
  const more = { ahead: true, dashed: true, color: 'var(--color-series-3)' }
  return [line('plan', 'Planned', path, (_, at) => until(at), usd, more)]
}

/** The month of a moment in a zone, like 2026-11. */
export function monthOf(moment: string, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit' })
  return parts.format(new Date(moment)).slice(0, 7)
}

/** Where what is expected begins: at what was spent by the end of the step before. */
function fromHere(path: readonly Point[]): { at: number; value: number } | null {
  const at = path.findIndex(({ expected_usd }) => expected_usd !== null) - 1
  const spent = path[at]?.spent_usd
  return spent == null ? null : { at, value: Number(spent) }
}

function line(
  key: string,
  label: string,
  path: readonly Point[],
  read: (point: Point, at: number) => string | null,
  usd: Usd,
  more: Partial<ChartSeries> = {},
  start: { at: number; value: number } | null = null,
): ChartSeries {
  const amounts = path.map(read)
  return {
    key,
    label,
    kind: 'line',
    color: SPENT,
    values: amounts.map((amount, at) => (amount === null ? (start?.at === at ? start.value : null) : Number(amount))),
    text: (at) => (amounts[at] == null ? NOTHING : usd(amounts[at])),
    ...more,
  }
}

function band(
  key: keyof typeof BAND_OPACITY,
  label: string,
  path: readonly Point[],
  low: 'low_80_usd' | 'low_95_usd',
  high: 'high_80_usd' | 'high_95_usd',
  usd: Usd,
): ChartSeries {
  const start = fromHere(path)
  const edge = (name: typeof low | typeof high) =>
    path.map((point, at) => (start?.at === at ? start.value : point[name] === null ? null : Number(point[name])))
  return {
    key,
    label,
    kind: 'band',
    color: SPENT,
    opacity: BAND_OPACITY[key],
    values: edge(high),
    low: edge(low),
    text: (at) => {
      const [from, to] = [path[at]?.[low], path[at]?.[high]]
      return from == null || to == null ? NOTHING : `${usd(from)} – ${usd(to)}`
    },
  }
}
