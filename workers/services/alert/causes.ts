import type { IncidentDetail } from '../../contract/alert.ts'
import type { Dimension, MetricsRow } from '../../contract/metrics.ts'

export type Share = IncidentDetail['where'][number]
export type Change = IncidentDetail['changes'][number]

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** A smaller part of all failures is nothing that they have in common. */
const SHARE_MIN = 0.2

/** Which values of a dimension hold the failures now, and which part they usually have. */
export function whereOf(dimension: Dimension, now: readonly MetricsRow[], before: readonly MetricsRow[]): Share[] {
  const errorsOf = (rows: readonly MetricsRow[]) => rows.reduce((sum, { errors }) => sum + Number(errors ?? 0), 0)
  const [total, usual] = [errorsOf(now), errorsOf(before)]
  if (total === 0) return []
  return now.flatMap((row) => {
    const value = String(row[dimension] ?? '')
    const errors = Number(row.errors ?? 0)
    if (value === '' || errors / total < SHARE_MIN) return []
    const then = before.find((one) => one[dimension] === row[dimension])
    const usual_share = usual === 0 ? null : Number(then?.errors ?? 0) / usual
    return [{ dimension, value, errors, share: errors / total, usual_share }]
  })
}

/**
 * Values that came for the first time in the day before an incident began, by workflow.
 * @param rows hours of the days before it. Of a workflow that is new itself, nothing is a change.
 */
export function changesOf(dimension: Change['dimension'], rows: readonly MetricsRow[], beganMs: number): Change[] {
  const first = new Map<string, { workflow: string; value: string; at: number }>()
  const since = new Map<string, number>()
  for (const row of rows) {
    const [workflow, value] = [String(row.workflow_id ?? ''), String(row[dimension] ?? '')]
    const at = Date.parse(String(row.time))
    if (value === '' || at > beganMs) continue
    const key = JSON.stringify([workflow, value])
    if (at < (first.get(key)?.at ?? Infinity)) first.set(key, { workflow, value, at })
    since.set(workflow, Math.min(since.get(workflow) ?? Infinity, at))
  }
  return [...first.values()]
    .filter(({ workflow, at }) => at >= beganMs - DAY_MS && at > (since.get(workflow) ?? at))
    .map(({ workflow, value, at }) => ({
      dimension,
      value,
      workflow_id: workflow === '' ? null : workflow,
      first_seen: new Date(at).toISOString(),
      before_minutes: Math.round((beganMs - at) / MINUTE_MS),
    }))
}
