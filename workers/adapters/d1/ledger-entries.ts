import { SPEND_FILTERS, type SpendFilter } from '../../contract/api.ts'
import type { Dimension, MetricsQuery } from '../../contract/metrics.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { ANSWER_WINDOW_MS, answerKey, timeKey } from '../../domain/ledger.ts'
import { columnOf } from '../../domain/rollup-row.ts'
import type { SpendFilters } from '../../services/spend/port.ts'
import type { RollupRead, Span, Values } from './rollup-read.ts'

export const SPEND_COLUMN: Record<SpendFilter, Dimension> = {
  workspace: 'workspace_id',
  project: 'project_id',
  environment: 'environment',
  agent: 'agent_id',
  workflow: 'workflow_id',
  workflow_version: 'workflow_version',
  model: 'model',
  provider: 'provider',
  user: 'user_id',
}

/**
 * `WITH … entry AS (…)`: the ledger's rows of stretches of time. Without `event_id` a key begins with its time, so a
 * range of time is a range of keys; of calls told by their answer it is the range of their windows.
 */
export function entrySql(projectIds: readonly string[], spans: readonly Span[], values: Values): string {
  const projects = values.add(JSON.stringify(projectIds))
  const ranges = values.add(
    JSON.stringify(
      spans.map(({ from_ms, to_ms }) => [
        from_ms,
        to_ms,
        timeKey(from_ms),
        timeKey(to_ms),
        answerKey(from_ms),
        answerKey(to_ms + ANSWER_WINDOW_MS),
      ]),
    ),
  )
  return `WITH span(lo, hi, first, last, opened, closed) AS (SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(${ranges})),
entry AS (SELECT l.* FROM json_each(${projects}) p CROSS JOIN span CROSS JOIN ledger l ON l.project_id = p.value AND l.event_key >= span.first AND l.event_key < span.last
  UNION ALL SELECT l.* FROM json_each(${projects}) p CROSS JOIN span CROSS JOIN ledger l ON l.project_id = p.value AND l.event_key >= span.opened AND l.event_key < span.closed
  WHERE l.ts_ms >= span.lo AND l.ts_ms < span.hi
  UNION ALL SELECT l.* FROM json_each(${projects}) p CROSS JOIN ledger l ON l.project_id = p.value AND l.event_key >= 'i' AND l.event_key < 'j'
  WHERE EXISTS (SELECT 1 FROM span WHERE l.ts_ms >= lo AND l.ts_ms < hi))`
}

/** Whose entries, and which of them. */
export function whereSql({ org_id }: Tenant, filters: SpendFilters | undefined, values: Values): string {
  const asked = conditions(filters ?? {}).map(
    ({ column, values: these }) => ` AND ${column} IN ${values.addList(these)}`,
  )
  return `org_id = ${values.add(org_id)}${asked.join('')}`
}

export function conditions(filters: SpendFilters): RollupRead['filters'] {
  return SPEND_FILTERS.flatMap((name) => {
    const values = name === 'project' ? undefined : filters[name]
    return values === undefined ? [] : [condition(name, 'eq', values)]
  })
}

export function condition(
  name: SpendFilter,
  op: MetricsQuery['filters'][number]['op'],
  values: readonly string[],
): RollupRead['filters'][number] {
  return { column: columnOf('total', SPEND_COLUMN[name]), op, values: [...values] }
}
