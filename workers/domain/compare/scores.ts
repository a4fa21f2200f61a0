import { COMPARED_RUNS_MIN, type Compared, type ScoreDifference } from '../../contract/compare.ts'
import type { MetricsRow } from '../../contract/metrics.ts'
import { judge } from './compare.ts'
import { welch, type Moments } from './intervals.ts'

/**
 * Scores that both sides have, by name, held against each other: the difference of means with Welch's interval.
 * @param rows count, mean and standard deviation of the sample by `of` and `score_name`.
 */
export function compareScores(rows: readonly MetricsRow[], of: Compared, [a, b]: [string, string]): ScoreDifference[] {
  const names = [...new Set(rows.map((row) => String(row.score_name ?? '')))].sort()
  return names.flatMap((score) => {
    const side = (value: string) =>
      momentsOf(rows.find((row) => String(row[of] ?? '') === value && row.score_name === score))
    const [one, other] = [side(a), side(b)]
    if (one === null || other === null) return []
    const interval = welch(one, other)
    return [
      {
        score,
        a: { values: one.n, mean: one.mean },
        b: { values: other.n, mean: other.mean },
        difference: other.mean - one.mean,
        low: interval?.[0] ?? null,
        high: interval?.[1] ?? null,
        verdict: judge(interval, 1, Math.min(one.n, other.n) < COMPARED_RUNS_MIN),
      },
    ]
  })
}

function momentsOf(row: MetricsRow | undefined): Moments | null {
  const n = Number(row?.count ?? 0)
  return n === 0 ? null : { n, mean: Number(row?.score_avg), variance: Number(row?.score_stddev ?? 0) ** 2 }
}
