import type { SpendAnswer } from '../../../../../../workers/contract/api.ts'
import { nanoOf, usdOf } from '../../../money.ts'
import type { Ask } from '../ask.ts'
import type { PanelSpec, Scope, Series, Shaped } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { bucketAt, bucketsOf, cutControl, cutOf, type Cut } from './cut.ts'
import { dimensionsOf, groupControl, nameOf, namesOf, type Names, type SpendDimension } from './dimensions.ts'
import { NOTHING_SPENT } from './words.ts'

const SERIES_MAX = 8

export const spendOverTime: PanelSpec = {
  id: 'finance.spend-over-time',
  title: 'Spend over time',
  unit: 'US dollars in each interval',
  definition:
    'Sum of cost_usd of ledger entries by the time of their event, exact to the nano-dollar. Days, weeks (from Monday) and months are those of the zone that the page names; the first and the last may be cut short by the range. The most expensive seven are told apart, the others are added up.',
  span: 12,
  height: 312,
  async load(ask, scope) {
    const dimensions = dimensionsOf(scope)
    const controls = [cutControl(scope), groupControl(dimensions)]
    const [by] = dimensions
    const [totals, names] = await Promise.all([ask.spend([by.group]), namesOf(ask, scope, [by])])
    if (totals.data.length === 0) return { type: 'series', format: 'usd', series: [], controls, empty: NOTHING_SPENT }
    const cut = cutOf(scope)
    return { ...(await seriesOf(ask, scope, by, cut, totals, names)), controls }
  },
}

async function seriesOf(
  ask: Ask,
  scope: Scope,
  by: SpendDimension,
  cut: Cut,
  totals: SpendAnswer,
  names: Names,
): Promise<Shaped> {
  const keys = totals.data.map((row) => String(row[by.group] ?? ''))
  const kept = keys.length > SERIES_MAX ? keys.slice(0, SERIES_MAX - 1) : keys
  const time = cut === 'hour' ? 'hour' : 'day'
  const isAll = kept.length === keys.length || by.group === 'org'
  const [each, whole] = await Promise.all([
    ask.spend([time, by.group], scope.range, isAll ? {} : { [by.group]: kept }),
    isAll ? null : ask.spend([time]),
  ])
  const series = spendSeries(
    { each, whole, keys: kept, others: keys.length - kept.length },
    bucketsOf(scope.range, cut),
    time,
    by,
    names,
  )
  return {
    type: 'series',
    format: 'usd',
    series,
    href: tracesHref(scope),
    cut: { step: cut, buckets: bucketsOf(scope.range, cut) },
  }
}

export interface SpendParts {
  /** By time and key. */
  each: SpendAnswer
  /** By time alone, where the keys are not all there are. */
  whole: SpendAnswer | null
  keys: readonly string[]
  others: number
}

/** A series of exact amounts for each key, and one of what is left of the whole. */
export function spendSeries(
  { each, whole, keys, others }: SpendParts,
  buckets: readonly number[],
  time: 'hour' | 'day',
  by: SpendDimension,
  names: Names,
): Series[] {
  const empty = () => buckets.map(() => 0n)
  const sums = new Map(keys.map((key) => [key, empty()]))
  const rest = empty()
  const add = (into: bigint[] | undefined, row: SpendAnswer['data'][number], sign: 1n | -1n) => {
    const at = bucketAt(buckets, Date.parse(String(row[time])))
    if (into !== undefined) into[at] = (into[at] ?? 0n) + sign * nanoOf(row.cost_usd)
  }
  for (const row of each.data) {
    add(sums.get(String(row[by.group] ?? '')), row, 1n)
    add(rest, row, -1n)
  }
  for (const row of whole?.data ?? []) add(rest, row, 1n)
  const series = [...sums].map(([key, values]): Series => ({
    key,
    label: nameOf(by, key, names),
    kind: 'bar',
    values: values.map(usdOf),
  }))
  if (whole === null) return series
  const left: Series = {
    key: 'others',
    label: `${others} others`,
    kind: 'bar',
    color: 'var(--color-muted)',
    values: rest.map(usdOf),
  }
  return [...series, left]
}
