import { z } from '@hono/zod-openapi'
import { CompareQuery, Comparison, type Compared, Sessions, SessionsQuery } from '../../contract/compare.ts'
import { MetricsQuery } from '../../contract/metrics.ts'
import { compareRuns } from '../../domain/compare/compare.ts'
import { compareScores } from '../../domain/compare/scores.ts'
import { AppError } from '../../domain/errors.ts'
import type { RunRange } from '../../services/run/port.ts'
import { tenantOf, type Who } from '../context.ts'
import { route, type App } from '../route.ts'
import { projectIds } from './metrics.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const DAY_MS = 86_400_000
const DEFAULT_RANGE_MS = 30 * DAY_MS
const RANGE_MAX_MS = 400 * DAY_MS
const AHEAD_MS = 600_000

/** What whole runs say: versions against each other, and sessions. */
export function runRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/compare',
    tag: 'Metrics',
    summary: 'Two versions, prompts or models of a workflow, with intervals and a verdict where the data carry one',
    permission: 'telemetry.read',
    params: OrgParam,
    query: CompareQuery,
    answer: Comparison,
    async handle({ who, deps, query }) {
      const { dimension, workflow, a, b } = query
      if (a === b) throw invalid('query/b', 'Compare two that differ.')
      const range = rangeOf(who, query, deps.now())
      const [found, scores] = await Promise.all([
        deps.runs.compared(tenantOf(who), range, workflow, dimension, [a, b]),
        deps.metrics.query(tenantOf(who), range.project_ids, scoresQuery(range, workflow, dimension, [a, b])),
      ])
      return {
        dimension,
        workflow,
        ...told(range),
        ...compareRuns(found.a, found.b),
        mixed: found.mixed,
        scores: compareScores(scores.data, dimension, [a, b]),
      }
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/sessions',
    tag: 'Metrics',
    summary: 'Sessions, their length and their requests, by workflow',
    permission: 'telemetry.read',
    params: OrgParam,
    query: SessionsQuery,
    answer: Sessions,
    async handle({ who, deps, query }) {
      const range = rangeOf(who, query, deps.now())
      const { rows, total, from_ms, sampled } = await deps.runs.sessions(tenantOf(who), range, query.workflow)
      return { data: rows, total, ...told({ ...range, from_ms }), sampled }
    },
  })
}

const SCORES_MAX = 200

function scoresQuery(range: RunRange, workflow: string, of: Compared, values: [string, string]): MetricsQuery {
  return MetricsQuery.parse({
    kind: 'score',
    ...told(range),
    dimensions: [of, 'score_name'],
    filters: [
      { dimension: 'workflow_id', op: 'eq', values: [workflow] },
      { dimension: of, op: 'eq', values },
    ],
    measures: ['count', 'score_avg', 'score_stddev'],
    limit: SCORES_MAX,
  })
}

const told = ({ from_ms, to_ms }: RunRange) => ({
  from: new Date(from_ms).toISOString(),
  to: new Date(to_ms).toISOString(),
})

function rangeOf(who: Who, query: { from?: string; to?: string; project?: string }, nowMs: number): RunRange {
  const to_ms = query.to === undefined ? nowMs + AHEAD_MS : Date.parse(query.to)
  const from_ms = query.from === undefined ? to_ms - DEFAULT_RANGE_MS : Date.parse(query.from)
  if (to_ms <= from_ms) throw invalid('query/to', 'The end must be after the start.')
  if (to_ms - from_ms > RANGE_MAX_MS) throw invalid('query/from', 'A range holds 400 days at most.')
  return { project_ids: projectIds(who, query.project === undefined ? undefined : [query.project]), from_ms, to_ms }
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
