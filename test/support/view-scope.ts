import type { Scope } from '../../web/src/lib/features/views/panel.ts'
import { scopeOf } from '../../web/src/lib/features/views/scope.ts'
import type { MetricsAnswer, MetricsRow } from '../../workers/contract/metrics.ts'

/** A project that views are of. */
export const PROJECT = { id: 'prj_1', slug: 'first', name: 'First', workspace_id: 'ws_1' }

/** What a view of one project is asked for by this query. */
export function scopeFor(query: string, nowMs: number, zone = 'UTC'): Scope {
  return scopeOf(
    new URLSearchParams(query),
    { org: { slug: 'acme', role: 'owner' }, projects: [PROJECT], project: PROJECT, zone },
    nowMs,
  )
}

/** What the metrics answer with these rows. */
export const answerOf = (data: MetricsRow[]): MetricsAnswer => ({
  data,
  meta: { approximate: false, sampled: false, back_end: 'd1', truncated: false },
})
