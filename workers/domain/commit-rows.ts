import type { BatchHeader } from '../contract/batch.ts'
import type { CanonicalEvent } from '../contract/event.ts'
import type { LiveEvent } from '../contract/live.ts'
import type { DecodedBatch } from './commit-plan.ts'
import type { Leaked } from './leak.ts'
import { partsText, type Priced } from './ledger.ts'
import { kindOf } from './rollup.ts'
import { failuresColumn } from './trace-failure.ts'
import type { TraceFold } from './trace-fold.ts'

/** A paid event, what it cost, and what of that leaked. */
export interface Entry {
  event: CanonicalEvent
  priced: Priced
  leaked: Leaked | null
}

/** @param costs by the index of the event: nano-dollars and their source. */
export function batchRow(
  { header, events }: DecodedBatch,
  costs: Record<string, [number, string]>,
  body: string,
): unknown[] {
  const { project_id, batch_id, org_id, received_ms } = header
  return [project_id, batch_id, org_id, received_ms, events.length, JSON.stringify(costs), body]
}

/** In the order in which the commit's SQL reads it, as are the others. */
export function ledgerRow(header: BatchHeader, key: string, { event, priced, leaked }: Entry): unknown[] {
  return [
    header.project_id,
    key,
    header.org_id,
    header.workspace_id,
    event.timestamp,
    event.trace_id,
    event.span_id,
    kindOf(event),
    event.environment ?? '',
    event.agent_id ?? '',
    event.workflow_id ?? '',
    event.workflow_version ?? '',
    event.step ?? '',
    event.provider ?? '',
    event.model ?? '',
    event.prompt_version ?? '',
    event.tool_name ?? '',
    event.user_id ?? '',
    priced.cost_nanousd,
    priced.cost_source,
    priced.price_version,
    event.tokens_prompt ?? 0,
    event.tokens_completion ?? 0,
    event.tokens_cached ?? 0,
    event.tokens_cache_write ?? 0,
    event.tokens_reasoning ?? 0,
    leaked?.leak ?? '',
    leaked?.nanousd ?? 0,
    partsText(event),
  ]
}

export function traceRow(header: BatchHeader, fold: TraceFold): unknown[] {
  return [
    header.project_id,
    // Of a run of which nothing came but what was said after it.
    fold.ended_ms === 0 ? fold.said_ms : fold.started_ms,
    fold.trace_id,
    header.org_id,
    fold.ended_ms,
    fold.complete,
    fold.status,
    fold.outcome,
    fold.error_type,
    fold.name,
    fold.environment,
    fold.agent_id,
    fold.workflow_id,
    fold.workflow_version,
    fold.user_id,
    fold.session_id,
    JSON.stringify([...fold.providers].sort()),
    JSON.stringify([...fold.models].sort()),
    fold.events,
    fold.errors,
    fold.llm_calls,
    fold.tool_calls,
    fold.retries,
    fold.fallbacks,
    JSON.stringify([...fold.batches]),
    fold.outcome_revised_ms,
    failuresColumn(fold.failures),
    JSON.stringify([...fold.prompts].sort()),
    JSON.stringify([...fold.leaks].sort()),
    fold.unpriced,
    fold.cost_nanousd,
    fold.tokens_prompt,
    fold.tokens_completion,
  ]
}

export function liveEvent(event: CanonicalEvent, priced: Priced | null): LiveEvent {
  const {
    event_type,
    timestamp,
    trace_id,
    span_id,
    agent_id,
    workflow_id,
    step,
    model,
    tool_name,
    status,
    error_type,
  } = event
  return {
    event_type,
    timestamp,
    trace_id,
    span_id,
    agent_id,
    workflow_id,
    step,
    model,
    tool_name,
    status,
    error_type,
    latency_ms: event.latency_ms,
    tokens_total: event.tokens_total,
    environment: event.environment,
    user_id: event.user_id,
    cost_nanousd: priced?.cost_nanousd,
    unpriced: priced?.cost_source === 'unpriced' || undefined,
  }
}
