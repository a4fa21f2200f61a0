import { formatPercent } from '$lib/format.ts'
import type { SloDay } from '$lib/slos.ts'
import type { ChartBucket, ChartSeries } from '../../ui/chart/series.ts'
import { leftText } from './words.ts'

/** The days of a history as buckets of a chart; the last is not over. */
export function daysOf(history: readonly SloDay[]): ChartBucket[] {
  return history.map(({ from, to }, i) => ({
    start_ms: Date.parse(from),
    end_ms: Date.parse(to),
    partial: i === history.length - 1,
  }))
}

/** What was left at the end of each day. Below nothing there is no place to draw, so the words say how far. */
export function budgetSeries(history: readonly SloDay[]): ChartSeries[] {
  return [
    {
      key: 'left',
      label: 'Error budget left',
      kind: 'area',
      color: 'var(--color-series-1)',
      values: history.map(({ budget_left }) => (budget_left === null ? null : Math.max(0, budget_left))),
      text: (at) => {
        const { budget_left = null, sli = null } = history[at] ?? {}
        return sli === null ? leftText(budget_left) : `${leftText(budget_left)}; ${formatPercent(sli)} good that day`
      },
    },
  ]
}
