import { z } from '@hono/zod-openapi'
import { SPEND_FILTERS, SPEND_GROUPS, SpendAnswer, type SpendFilter } from '../../contract/api.ts'
import { CacheSavings } from '../../contract/cache-savings.ts'
import { MetricsAnswer, MetricsAnswers, MetricsQueries, MetricsQuery } from '../../contract/metrics.ts'
import { AppError } from '../../domain/errors.ts'
import { problemOf } from '../../domain/problem.ts'
import { usd } from '../../domain/money.ts'
import { isTimeZone } from '../../domain/time-zone.ts'
import { cacheSavings } from '../../services/spend/cache.ts'
import type { SpendFilters, SpendGroup } from '../../services/spend/port.ts'
import { tenantOf, type Who } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const DEFAULT_RANGE_MS = 30 * 86_400_000
const AHEAD_MS = 600_000

const FILTER_VALUES_MAX = 100

/** A parameter of a query that may be repeated. */
export const FilterValues = z
  .preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(z.string().max(200)).max(FILTER_VALUES_MAX).optional(),
  )
  .meta({
    type: 'array',
    items: { type: 'string', maxLength: 200 },
    description: 'May be repeated: any of these values. An empty one stands for entries that name none',
  })

const SpendRange = z.object({
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  ...(Object.fromEntries(SPEND_FILTERS.map((name) => [name, FilterValues])) as Record<
    SpendFilter,
    typeof FilterValues
  >),
})
const SpendQueryInput = SpendRange.extend({
  group_by: z
    .string()
    .max(100)
    .default('org')
    .meta({ description: `Comma-separated: ${SPEND_GROUPS.join(', ')}` }),
  time_zone: z.string().max(64).default('UTC'),
})

/** Metrics for charts, and exact spend. */
export function metricsRoutes(app: App): void {
  cacheRoute(app)
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/metrics/query',
    tag: 'Metrics',
    summary: 'Measures over time and dimensions',
    permission: 'telemetry.read',
    action: null,
    params: OrgParam,
    body: MetricsQuery,
    answer: MetricsAnswer,
    async handle({ who, deps, body }) {
      return deps.metrics.query(tenantOf(who), projectsAsked(who, body), body)
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/metrics/queries',
    tag: 'Metrics',
    summary: 'Several metrics queries at once, each answered or refused by itself',
    permission: 'telemetry.read',
    action: null,
    params: OrgParam,
    body: MetricsQueries,
    answer: MetricsAnswers,
    async handle({ who, deps, body, c }) {
      const answers = await deps.metrics.queries(
        tenantOf(who),
        body.queries.map((query) => ({ projectIds: projectsAsked(who, query), query })),
      )
      return {
        answers: answers.map((answer) =>
          answer instanceof AppError ? { problem: problemOf(answer, c.get('requestId')).body } : { answer },
        ),
      }
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/spend',
    tag: 'Metrics',
    summary: 'Spend, exact to the nano-dollar, from the ledger',
    permission: 'telemetry.read',
    params: OrgParam,
    query: SpendQueryInput,
    answer: SpendAnswer,
    async handle({ who, deps, query }) {
      const group_by = parseGroups(query.group_by)
      if (!isTimeZone(query.time_zone)) throw invalid('query/time_zone', 'Not an IANA time zone, like Europe/Berlin.')
      const sums = await deps.spend.spend(tenantOf(who), projectIds(who, query.project), {
        ...rangeOf(query, deps.now()),
        group_by,
        time_zone: query.time_zone,
        filters: filtersOf(query),
      })
      const data = sums.map(({ key, cost_nanousd, ...rest }) => ({
        ...Object.fromEntries(group_by.map((g, i) => [g, key[i] ?? ''])),
        cost_usd: usd(cost_nanousd),
        ...rest,
      }))
      return { data, total_cost_usd: usd(sums.reduce((total, sum) => total + sum.cost_nanousd, 0n)) }
    },
  })
}

function cacheRoute(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/spend/cache',
    tag: 'Metrics',
    summary: 'What caching saved by model, at the prices of the time',
    permission: 'telemetry.read',
    params: OrgParam,
    query: SpendRange,
    answer: CacheSavings,
    handle: ({ who, deps, query }) =>
      cacheSavings({ spend: deps.spend, ...deps.prices }, tenantOf(who), projectIds(who, query.project), {
        ...rangeOf(query, deps.now()),
        filters: filtersOf(query),
      }),
  })
}

function projectsAsked(who: Who, { filters }: MetricsQuery): string[] {
  return projectIds(who, filters.find((f) => f.dimension === 'project_id' && f.op === 'eq')?.values)
}

/** Of the projects that the actor sees, those that were asked for; none of another tenant can be named. */
export function projectIds(who: Who, wanted: string[] | undefined): string[] {
  const visible = who.projects.map((p) => p.id)
  return wanted === undefined ? visible : visible.filter((id) => wanted.includes(id))
}

/** The last 30 days, unless something else is asked. @throws AppError invalid_input. */
export function rangeOf(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  nowMs: number,
): { from_ms: number; to_ms: number } {
  const from_ms = from === undefined ? nowMs - DEFAULT_RANGE_MS : Date.parse(from)
  const to_ms = to === undefined ? nowMs + AHEAD_MS : Date.parse(to)
  if (to_ms <= from_ms) throw invalid('query/to', 'The end must be after the start.')
  return { from_ms, to_ms }
}

function filtersOf(query: z.infer<typeof SpendRange>): SpendFilters {
  return Object.fromEntries(
    SPEND_FILTERS.flatMap((name) => (name === 'project' || query[name] === undefined ? [] : [[name, query[name]]])),
  )
}

function parseGroups(text: string): SpendGroup[] {
  const groups = [
    ...new Set(
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  ]
  const unknown = groups.find((group) => !(SPEND_GROUPS as readonly string[]).includes(group))
  if (unknown !== undefined)
    throw invalid('query/group_by', `"${unknown.slice(0, 40)}" is not one of ${SPEND_GROUPS.join(', ')}.`)
  if (groups.length > 4) throw invalid('query/group_by', 'Group by four things at most.')
  return groups as SpendGroup[]
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
