import type { Group, Incident, IncidentDetail, IncidentEvent } from '../../contract/alert.ts'
import type { Condition } from '../../contract/alert-condition.ts'
import type { Dimension, Kind, MetricsQuery, MetricsRow } from '../../contract/metrics.ts'
import type { ProjectTenant, Tenant } from '../../contract/tenant.ts'
import { usd } from '../../domain/money.ts'
import { CARRIED } from '../../domain/metrics-plan.ts'
import { listTraces } from '../trace/read.ts'
import type { TraceStore } from '../trace/store.ts'
import { changesOf, whereOf, type Change, type Share } from './causes.ts'
import type { AlertSource } from './source.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const USUAL_DAYS = 7
const TRACES_MAX = 10
const TRACES_READ = 100
const PROJECTS_READ = 5
const ROWS_MAX = 20_000

export interface DetailDeps {
  source: AlertSource
  traces: TraceStore
  now: () => number
}

/** Where failures may have something in common, by the kind of operation that tells it. */
const WHERE: [Kind, Dimension[]][] = [
  ['request', ['workflow_id', 'agent_id', 'error_type', 'workflow_version', 'environment']],
  ['llm', ['provider', 'model']],
  ['tool', ['tool_name']],
  ['step', ['step']],
]
const CHANGES: [Kind, Change['dimension']][] = [
  ['request', 'workflow_version'],
  ['llm', 'prompt_version'],
  ['llm', 'model'],
  ['llm', 'provider'],
]

interface Scope {
  tenant: Tenant
  projects: readonly ProjectTenant[]
  ids: string[]
  filters: MetricsQuery['filters']
  from_ms: number
  to_ms: number
}

/** An incident with what it did and what came before it, from metrics and traces of the time that it took. */
export async function incidentDetail(
  deps: DetailDeps,
  tenant: Tenant,
  projects: readonly ProjectTenant[],
  { incident, timeline, condition }: { incident: Incident; timeline: IncidentEvent[]; condition: Condition },
): Promise<IncidentDetail> {
  const scope = scopeOf(tenant, projects, incident, condition, deps.now())
  const [impact, where, changes, traces] = await Promise.all([
    impactOf(deps.source, scope),
    commonOf(deps.source, scope),
    changedOf(deps.source, scope, Date.parse(incident.began_at)),
    tracesOf(deps, scope, incident),
  ])
  return { ...incident, timeline, condition, impact, where, changes, traces }
}

function scopeOf(
  tenant: Tenant,
  seen: readonly ProjectTenant[],
  { project_id, began_at, resolved_at, groups }: Incident,
  condition: Condition,
  nowMs: number,
): Scope {
  const projects = seen.filter((one) => project_id === null || one.project_id === project_id)
  const window = 'window_minutes' in condition ? condition.window_minutes : 60
  const filters = 'watch' in condition ? condition.watch.filters : []
  return {
    tenant,
    projects,
    ids: projects.map((one) => one.project_id),
    filters: [...filters, ...groupFilters(groups.map(({ group }) => group))],
    // What the condition was first judged by came in the window before.
    from_ms: Date.parse(began_at) - window * MINUTE_MS,
    to_ms: resolved_at === null ? nowMs : Date.parse(resolved_at),
  }
}

/** Of several groups any may hold, dimension by dimension. */
function groupFilters(groups: readonly Group[]): MetricsQuery['filters'] {
  const values = new Map<string, Set<string>>()
  for (const group of groups)
    for (const [name, value] of Object.entries(group))
      if (name !== 'budget_id') values.set(name, (values.get(name) ?? new Set<string>()).add(value))
  return [...values].map(([dimension, set]) => ({
    dimension: dimension as Dimension,
    op: 'eq' as const,
    values: [...set],
  }))
}

type Ask = Pick<MetricsQuery, 'kind' | 'measures' | 'dimensions'> &
  Partial<MetricsQuery> & { span?: { from_ms: number; to_ms: number } }

/** Filters on what rows of a kind do not carry are left out: then more is counted, never less. */
function ask(source: AlertSource, scope: Scope, { span = scope, ...query }: Ask): Promise<MetricsRow[]> {
  const { tenant, ids, filters } = scope
  return source.metrics(tenant, ids, {
    filters: filters.filter(({ dimension }) => CARRIED[query.kind].includes(dimension)),
    from: new Date(span.from_ms).toISOString(),
    to: new Date(span.to_ms).toISOString(),
    step: 'total',
    time_zone: 'UTC',
    limit: 50,
    ...query,
  })
}

async function impactOf(source: AlertSource, scope: Scope): Promise<IncidentDetail['impact']> {
  const place: readonly Dimension[] = CARRIED.total
  const tellsUsers = scope.filters.every(({ dimension }) => place.includes(dimension))
  const measures = ['count', 'errors', 'cost_usd'] as const
  const [row] = await ask(source, scope, {
    kind: 'request',
    measures: tellsUsers ? [...measures, 'unique_users'] : [...measures],
    dimensions: [],
  })
  return {
    from: new Date(scope.from_ms).toISOString(),
    to: new Date(scope.to_ms).toISOString(),
    requests: Number(row?.count ?? 0),
    failed_requests: Number(row?.errors ?? 0),
    users: tellsUsers ? Number(row?.unique_users ?? 0) : null,
    cost_usd: String(row?.cost_usd ?? usd(0)),
  }
}

async function commonOf(source: AlertSource, scope: Scope): Promise<Share[]> {
  const before = { from_ms: scope.from_ms - USUAL_DAYS * DAY_MS, to_ms: scope.from_ms }
  const asked = WHERE.flatMap(([kind, dimensions]) => dimensions.map((dimension) => ({ kind, dimension })))
  const shares = await Promise.all(
    asked.map(async ({ kind, dimension }) => {
      const query = { kind, measures: ['errors' as const], dimensions: [dimension] }
      const order = { by: 'errors' as const, direction: 'desc' as const }
      const [now, then] = await Promise.all([
        ask(source, scope, { ...query, order }),
        ask(source, scope, { ...query, order, span: before }),
      ])
      return whereOf(dimension, now, then)
    }),
  )
  return shares
    .flat()
    .sort((a, b) => b.share - (b.usual_share ?? 0) - (a.share - (a.usual_share ?? 0)))
    .slice(0, 8)
}

async function changedOf(source: AlertSource, scope: Scope, beganMs: number): Promise<Change[]> {
  const span = { from_ms: beganMs - (USUAL_DAYS + 1) * DAY_MS, to_ms: beganMs + MINUTE_MS }
  const changes = await Promise.all(
    CHANGES.map(async ([kind, dimension]) => {
      const rows = await ask(source, scope, {
        kind,
        measures: ['count'],
        dimensions: ['workflow_id', dimension],
        step: 'hour',
        limit: ROWS_MAX,
        span,
      })
      return changesOf(dimension, rows, beganMs)
    }),
  )
  return changes
    .flat()
    .sort((a, b) => a.before_minutes - b.before_minutes)
    .slice(0, 10)
}

/** Failed ones; where none failed, the most expensive of the newest. */
async function tracesOf(
  { traces, now }: DetailDeps,
  scope: Scope,
  { groups }: Incident,
): Promise<IncidentDetail['traces']> {
  const [only, ...more] = groups
  const group = more.length === 0 ? (only?.group ?? {}) : {}
  const narrow = Object.fromEntries(
    (['workflow_id', 'agent_id', 'error_type', 'model', 'provider', 'environment'] as const).flatMap((name) =>
      group[name] ? [[name, group[name]]] : [],
    ),
  )
  const query = {
    ...narrow,
    from: new Date(scope.from_ms).toISOString(),
    to: new Date(scope.to_ms + 1).toISOString(),
    sort: 'started_at' as const,
    order: 'desc' as const,
    limit: TRACES_READ,
  }
  const list = async (status: 'error' | undefined) => {
    const pages = await Promise.all(
      scope.projects.slice(0, PROJECTS_READ).map(async (tenant) => {
        const { data } = await listTraces(traces, tenant, { ...query, ...(status && { status }) }, now())
        return data.map((trace) => ({ project_id: tenant.project_id, trace }))
      }),
    )
    return pages.flat()
  }
  const failed = await list('error')
  const shown =
    failed.length > 0
      ? failed.sort((a, b) => b.trace.started_at.localeCompare(a.trace.started_at))
      : (await list(undefined)).sort((a, b) => Number(b.trace.cost_usd) - Number(a.trace.cost_usd))
  return shown.slice(0, TRACES_MAX).map(({ project_id, trace }) => ({
    project_id,
    trace_id: trace.trace_id,
    at: trace.started_at,
    error_type: trace.error_type,
    cost_usd: trace.cost_usd,
  }))
}
