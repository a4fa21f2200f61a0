import type {
  Failure,
  FailuresAnswer,
  FailuresQuery,
  TraceDetail,
  TraceEvent,
  TraceSummary,
  TracesAnswer,
  TracesQuery,
} from '../../contract/trace.ts'
import type { CanonicalEvent } from '../../contract/event.ts'
import type { ProjectTenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { classOf, FAILURES } from '../../domain/failure.ts'
import { nanoFromUsd, usd } from '../../domain/money.ts'
import type { FailureTuple } from '../../domain/trace-failure.ts'
import { parseSortedCursor, parseTimeCursor, sortedCursor, timeCursor } from './cursor.ts'
import type { FailureFilter, PackedBatch, TraceFilter, TraceRow, TraceStore } from './store.ts'

const DEFAULT_RANGE_MS = 400 * 86_400_000
const AHEAD_MS = 600_000

/**
 * A page of traces. In the order of time the cursor stays valid while traces arrive: rows never move. In another order a
 * trace that still runs may move, and may so be told twice or be missed between two pages.
 */
export async function listTraces(
  store: TraceStore,
  tenant: ProjectTenant,
  query: TracesQuery,
  nowMs: number,
): Promise<TracesAnswer> {
  const filter = filterOf(query, nowMs)
  const { sort, limit } = query
  const descending = query.order === 'desc'
  if (sort === 'started_at') {
    const { rows, next } = await store.page(tenant, filter, parseTimeCursor(query.cursor), limit, descending)
    return answerOf(rows, next && timeCursor(next), filter.from_ms, filter.from_ms)
  }
  const after = parseSortedCursor(query.cursor, sort)
  const { rows, next, from_ms } = await store.sorted(tenant, filter, { by: sort, descending }, after, limit)
  return answerOf(rows, next && sortedCursor(sort, next), from_ms, filter.from_ms)
}

function answerOf(rows: TraceRow[], next_cursor: string | null, fromMs: number, askedMs: number): TracesAnswer {
  return { data: rows.map(summary), next_cursor, from: new Date(fromMs).toISOString(), sampled: fromMs > askedMs }
}

/** What failed in a project's traces: by type, message, step, tool and model, that of most traces first. */
export async function listFailures(
  store: TraceStore,
  tenant: ProjectTenant,
  query: FailuresQuery,
  nowMs: number,
): Promise<FailuresAnswer> {
  const filter = filterOf(query, nowMs)
  const { rows, from_ms } = await store.failures(tenant, filter, query.limit)
  return {
    data: rows.map((row) => ({
      ...failureOf(JSON.parse(row.failure) as FailureTuple),
      traces: row.traces,
      first_at: new Date(row.first_ms).toISOString(),
      last_at: new Date(row.last_ms).toISOString(),
      last_trace_id: row.trace_id,
    })),
    from: new Date(from_ms ?? filter.from_ms).toISOString(),
    sampled: from_ms !== null,
  }
}

/** A trace with its events in the order in which they began. @throws AppError not_found. */
export async function getTrace(store: TraceStore, tenant: ProjectTenant, traceId: string): Promise<TraceDetail> {
  const row = await store.find(tenant, traceId)
  if (!row) throw new AppError('not_found', 'There is no such trace in this project.')
  const packed = await store.batches(tenant, JSON.parse(row.batches) as string[])
  const repriced = await store.repriced(tenant, traceId)
  const events: { start: number; event: TraceEvent }[] = []
  for (const batch of packed) {
    batch.events.forEach((event, index) => {
      if (event.trace_id !== traceId) return
      events.push({
        start: event.timestamp - (event.latency_ms ?? 0),
        event: view(event, costOf(batch.costs[index], repriced(event))),
      })
    })
  }
  events.sort((a, b) => a.start - b.start || a.event.timestamp.localeCompare(b.event.timestamp))
  return { trace: summary(row), events: events.map((e) => e.event) }
}

type Cost = PackedBatch['costs'][string]

/** An adjustment is a difference, and what it comes to was computed. */
function costOf(booked: Cost | undefined, difference: number | undefined): Cost | undefined {
  return booked === undefined || difference === undefined ? booked : [booked[0] + difference, 'computed']
}

function view(event: CanonicalEvent, cost: Cost | undefined): TraceEvent {
  const { cost_nanousd: _, ...rest } = event
  return {
    ...rest,
    timestamp: new Date(event.timestamp).toISOString(),
    ...(cost && { cost_usd: usd(cost[0]), cost_source: cost[1] }),
    ...(event.error_type !== undefined && { error_class: classOf(event.error_type) }),
  }
}

const known = (text: string) => (text === '' ? null : text)

function failureOf([error_type, hash, step, tool_name, model]: FailureTuple): Failure {
  return {
    error_type,
    error_class: classOf(error_type),
    error_message_hash: known(hash),
    step: known(step),
    tool_name: known(tool_name),
    model: known(model),
  }
}

function summary(row: TraceRow): TraceSummary {
  return {
    trace_id: row.trace_id,
    name: row.name,
    started_at: new Date(row.started_ms).toISOString(),
    duration_ms: Math.max(0, row.ended_ms - row.started_ms),
    complete: row.complete === 1,
    status: row.status,
    outcome: known(row.outcome),
    outcome_revised_at: row.outcome_revised_ms === 0 ? null : new Date(row.outcome_revised_ms).toISOString(),
    error_type: known(row.error_type),
    error_class: row.error_type === '' ? null : classOf(row.error_type),
    environment: known(row.environment),
    agent_id: known(row.agent_id),
    workflow_id: known(row.workflow_id),
    workflow_version: known(row.workflow_version),
    user_id: known(row.user_id),
    session_id: known(row.session_id),
    providers: JSON.parse(row.providers) as string[],
    models: JSON.parse(row.models) as string[],
    prompt_versions: JSON.parse(row.prompts) as string[],
    leaks: JSON.parse(row.leaks) as string[],
    failures: (JSON.parse(row.failures) as FailureTuple[]).map(failureOf),
    events: row.events,
    errors: row.errors,
    llm_calls: row.llm_calls,
    tool_calls: row.tool_calls,
    retries: row.retries,
    fallbacks: row.fallbacks,
    unpriced: row.unpriced,
    cost_usd: usd(row.cost_nanousd),
    tokens_prompt: row.tokens_prompt,
    tokens_completion: row.tokens_completion,
  }
}

function filterOf(query: Omit<TracesQuery, 'sort' | 'order' | 'limit' | 'cursor'>, nowMs: number): TraceFilter {
  const {
    status,
    error_type,
    agent_id,
    workflow_id,
    workflow_version,
    user_id,
    environment,
    model,
    prompt_version,
    provider,
    leak,
    has,
    q,
    min_cost_usd,
  } = query
  const failure = failureFilter(query)
  const minCost = min_cost_usd === undefined ? null : nanoFromUsd(min_cost_usd)
  return {
    from_ms: query.from === undefined ? nowMs - DEFAULT_RANGE_MS : Date.parse(query.from),
    to_ms: query.to === undefined ? nowMs + AHEAD_MS : Date.parse(query.to),
    equals: { status, error_type, agent_id, workflow_id, workflow_version, user_id, environment },
    ...(model !== undefined && { model }),
    ...(prompt_version !== undefined && { prompt_version }),
    ...(provider !== undefined && { provider }),
    ...(leak !== undefined && { leak }),
    ...(failure !== null && { failure }),
    ...(has !== undefined && { has }),
    ...(q !== undefined && q.trim() !== '' && { q: q.trim() }),
    ...(minCost !== null && { min_cost_nanousd: minCost }),
  }
}

function failureFilter(query: Omit<TracesQuery, 'sort' | 'order' | 'limit' | 'cursor'>): FailureFilter | null {
  const { failure_class, failure_type, failure_hash, failure_step, failure_tool, failure_model } = query
  const types = failure_class && Object.keys(FAILURES).filter((type) => classOf(type) === failure_class)
  const error_types =
    failure_type === undefined ? types : (types?.filter((type) => type === failure_type) ?? [failure_type])
  const filter: FailureFilter = {
    ...(error_types !== undefined && { error_types }),
    ...(failure_hash !== undefined && { message_hash: failure_hash }),
    ...(failure_step !== undefined && { step: failure_step }),
    ...(failure_tool !== undefined && { tool_name: failure_tool }),
    ...(failure_model !== undefined && { model: failure_model }),
  }
  return Object.keys(filter).length === 0 ? null : filter
}
