import type { SpendAnswer } from '../../../../../workers/contract/api.ts'
import type { Watermark } from '../../../../../workers/contract/batch.ts'
import type { MetricsAnswer, MetricsQuery } from '../../../../../workers/contract/metrics.ts'
import { settle } from '../../loaded.ts'
import {
  errorsQuery,
  modelsQuery,
  previousTotalsQuery,
  seriesQuery,
  shapeSeries,
  shapeTotals,
  totalsQuery,
  workflowCostQuery,
  workflowsQuery,
  type OverviewScope,
  type Period,
} from './overview.ts'
import { shapeSpend, spendQuery } from './spend.ts'
import { costsFromLedger, costsFromMetrics, shapeErrors, shapeModels, shapeWorkflows } from './top.ts'
import { mergeWatermarks } from './watermark.ts'

/** What the overview asks the API. */
export interface OverviewApi {
  metrics: (query: Partial<MetricsQuery>) => Promise<MetricsAnswer>
  spend: (query: Record<string, string>) => Promise<SpendAnswer>
  watermark: (projectId: string) => Promise<Watermark>
}

/** An organization's completeness is asked of this many projects at most. */
const WATERMARKS_MAX = 25

/** Starts all questions of the overview at once; each answer comes by itself, and fails by itself. */
export function loadOverview(
  api: OverviewApi,
  period: Period,
  scope: OverviewScope,
  projectIds: readonly string[],
  nowMs: number,
) {
  const asked = scope.project_id === null ? projectIds.slice(0, WATERMARKS_MAX) : [scope.project_id]
  return {
    totals: settle(api.metrics(totalsQuery(period, scope)).then(shapeTotals)),
    previous: settle(api.metrics(previousTotalsQuery(period, scope, nowMs)).then(shapeTotals)),
    series: settle(api.metrics(seriesQuery(period, scope)).then((answer) => shapeSeries(answer, period, nowMs))),
    spend: settle(
      api.spend(spendQuery(scope, nowMs, period.zone)).then((answer) => shapeSpend(answer, nowMs, period.zone)),
    ),
    workflows: settle(loadWorkflows(api, period, scope)),
    models: settle(api.metrics(modelsQuery(period, scope)).then(shapeModels)),
    errors: settle(api.metrics(errorsQuery(period, scope)).then(shapeErrors)),
    watermark: settle(Promise.all(asked.map((id) => api.watermark(id))).then(mergeWatermarks)),
  }
}

async function loadWorkflows(api: OverviewApi, period: Period, scope: OverviewScope) {
  const query: Record<string, string> = {
    from: new Date(period.from_ms).toISOString(),
    to: new Date(period.to_ms).toISOString(),
    group_by: 'workflow',
  }
  if (scope.project_id !== null) query.project = scope.project_id
  const [requests, costs] = await Promise.all([
    api.metrics(workflowsQuery(period, scope)),
    scope.environment === null
      ? api.spend(query).then(costsFromLedger)
      : api.metrics(workflowCostQuery(period, scope)).then(costsFromMetrics),
  ])
  return shapeWorkflows(requests, costs)
}
