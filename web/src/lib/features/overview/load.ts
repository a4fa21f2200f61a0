import type { SpendAnswer } from '../../../../../workers/contract/api.ts'
import type { Watermark } from '../../../../../workers/contract/batch.ts'
import type { MetricsAnswer, MetricsQuery } from '../../../../../workers/contract/metrics.ts'
import { settle } from '../../loaded.ts'
import { unfilterable } from '../filters/filters.ts'
import {
  errorsQuery,
  modelsQuery,
  previousTotalsQuery,
  seriesQuery,
  shapeSeries,
  shapeTotals,
  totalsQuery,
  workflowsQuery,
  type OverviewScope,
  type Period,
} from './overview.ts'
import { shapeSpend, spendQuery, workflowSpendQuery } from './spend.ts'
import { costsFromLedger, shapeErrors, shapeModels, shapeWorkflows } from './top.ts'
import { mergeWatermarks } from './watermark.ts'

/** What the overview asks the API. */
export interface OverviewApi {
  metrics: (query: Partial<MetricsQuery>) => Promise<MetricsAnswer>
  spend: (query: URLSearchParams) => Promise<SpendAnswer>
  watermark: (projectId: string) => Promise<Watermark>
}

/** An organization's completeness is asked of this many projects at most. */
const WATERMARKS_MAX = 25

/** Starts all questions of the overview at once; each answer comes by itself, and fails by itself. */
export function loadOverview(
  given: OverviewApi,
  period: Period,
  scope: OverviewScope,
  projectIds: readonly string[],
  nowMs: number,
) {
  const api = { ...given, metrics: (query: Partial<MetricsQuery>) => explained(given.metrics(query)) }
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
    watermark: settle(
      Promise.all(projectIds.slice(0, WATERMARKS_MAX).map((id) => api.watermark(id))).then(mergeWatermarks),
    ),
  }
}

async function loadWorkflows(api: OverviewApi, period: Period, scope: OverviewScope) {
  const [counts, costs] = await Promise.all([
    api.metrics(workflowsQuery(period, scope)),
    api.spend(workflowSpendQuery(period, scope)).then(costsFromLedger),
  ])
  return shapeWorkflows(counts, costs)
}

/** What cannot be told apart by a filter says by which one. */
async function explained(answer: Promise<MetricsAnswer>): Promise<MetricsAnswer> {
  try {
    return await answer
  } catch (error) {
    const detail = error instanceof Error ? unfilterable(error.message) : null
    if (detail === null) throw error
    throw Object.assign(new Error(detail), { problem: { detail, instance: '', final: true } })
  }
}
