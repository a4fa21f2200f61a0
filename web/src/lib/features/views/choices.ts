import { MetricsAnswer } from '../../../../../workers/contract/metrics.ts'
import { orgPath, type Api } from '../../api.ts'
import { VIEW_FILTERS, type FilterName } from '../filters/filters.ts'
import type { Scope } from './panel.ts'

const MAX = 200

/** What a filter can be set to: projects by name, anything else as it was seen in the range. */
export async function choicesOf(
  api: Api,
  { org, range, projects }: Scope,
  name: FilterName,
): Promise<{ value: string; label: string }[]> {
  if (name === 'project') return projects.map(({ id, name: label }) => ({ value: id, label }))
  const dimension = VIEW_FILTERS.find((filter) => filter.name === name)?.dimension ?? 'environment'
  const kind = name === 'user_id' ? 'user' : name === 'model' || name === 'provider' ? 'llm' : 'request'
  const answer = await api.post(orgPath(org, 'metrics', 'query'), MetricsAnswer, {
    kind,
    dimensions: [dimension],
    measures: ['count'],
    from: new Date(range.from_ms).toISOString(),
    to: new Date(range.to_ms).toISOString(),
    order: { by: 'count', direction: 'desc' },
    limit: MAX,
  })
  return answer.data.flatMap((row) => {
    const value = String(row[dimension] ?? '')
    return value === '' ? [] : [{ value, label: value }]
  })
}
