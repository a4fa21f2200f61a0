import { OUTCOME_REVISED, type CanonicalEvent } from '../contract/event.ts'
import { failureOf } from './trace-failure.ts'

/** What one commit knows of one trace. */
export interface TraceFold {
  trace_id: string
  started_ms: number
  ended_ms: number
  complete: 0 | 1
  status: string
  outcome: string
  /** When the outcome was revised, 0 where it is what the run told. */
  outcome_revised_ms: number
  /** The last that was said after the run, of its outcome or else. */
  said_ms: number
  error_type: string
  name: string
  environment: string
  agent_id: string
  workflow_id: string
  workflow_version: string
  user_id: string
  session_id: string
  providers: Set<string>
  models: Set<string>
  /** Versions of prompts that its calls named. */
  prompts: Set<string>
  events: number
  errors: number
  llm_calls: number
  tool_calls: number
  retries: number
  fallbacks: number
  batches: Set<string>
  /** What failed, however it ended (trace-failure.ts). */
  failures: Set<string>
  /** Of its ledger entries in this commit. */
  leaks: Set<string>
  unpriced: number
  cost_nanousd: number
  tokens_prompt: number
  tokens_completion: number
}

/** Folds one event into its trace's row. The root's request decides status and names; others fill gaps. */
export function foldTrace(folds: Map<string, TraceFold>, event: CanonicalEvent, batchId: string): void {
  let fold = folds.get(event.trace_id)
  if (fold === undefined) {
    fold = emptyFold(event.trace_id)
    folds.set(event.trace_id, fold)
  }
  fold.events++
  fold.batches.add(batchId)
  if (event.event_type === OUTCOME_REVISED) return revise(fold, event)
  fold.started_ms = Math.min(fold.started_ms, Math.floor(event.timestamp - (event.latency_ms ?? 0)))
  fold.ended_ms = Math.max(fold.ended_ms, event.timestamp)
  if (event.provider !== undefined) fold.providers.add(event.provider)
  if (event.model !== undefined) fold.models.add(event.model)
  if (event.prompt_version !== undefined) fold.prompts.add(event.prompt_version)
  const failure = failureOf(event)
  if (failure !== null) fold.failures.add(failure)
  count(fold, event)
  const isRequest = event.event_type === 'agent.request.completed' || event.event_type === 'agent.request.started'
  name(fold, event, isRequest && event.parent_span_id === undefined)
}

/**
 * The latest of what was said after the run counts, and more than what the run told; of two that happened at the same
 * moment, failure does, so that no order of arrival matters. Nothing else of the run changes.
 */
function revise(fold: TraceFold, { timestamp, outcome }: CanonicalEvent): void {
  fold.said_ms = Math.max(fold.said_ms, timestamp)
  const { outcome_revised_ms: known } = fold
  if (outcome === undefined || timestamp < known || (timestamp === known && fold.outcome < outcome)) return
  fold.outcome = outcome
  fold.outcome_revised_ms = timestamp
}

function count(fold: TraceFold, event: CanonicalEvent): void {
  const failed = event.status === 'error' || event.status === 'blocked'
  if (failed && event.event_type !== 'agent.request.completed') fold.errors++
  if (failed && fold.complete === 0) {
    fold.status = 'error'
    if (fold.error_type === '') fold.error_type = event.error_type ?? 'unknown'
  }
  switch (event.event_type) {
    case 'agent.step.completed':
      if (event.model !== undefined) fold.llm_calls++
      break
    case 'agent.tool.called':
    case 'agent.tool.failed':
      fold.tool_calls++
      break
    case 'agent.retry':
      fold.retries++
      break
    case 'agent.fallback.triggered':
      fold.fallbacks++
      break
    case 'agent.request.completed':
      if (event.parent_span_id === undefined) {
        fold.complete = 1
        fold.status = event.status ?? 'ok'
        fold.error_type = fold.status === 'ok' ? '' : (event.error_type ?? fold.error_type)
        if (failed) fold.errors++
      }
      break
  }
}

function name(fold: TraceFold, event: CanonicalEvent, isRoot: boolean): void {
  const set = (
    field: 'outcome' | 'environment' | 'agent_id' | 'workflow_id' | 'workflow_version' | 'user_id' | 'session_id',
    value: string | undefined,
  ) => {
    if (value !== undefined && (isRoot || fold[field] === '')) fold[field] = value
  }
  if (fold.outcome_revised_ms === 0) set('outcome', event.outcome)
  set('environment', event.environment)
  set('agent_id', event.agent_id)
  set('workflow_id', event.workflow_id)
  set('workflow_version', event.workflow_version)
  set('user_id', event.user_id)
  set('session_id', event.session_id)
  const label = event.workflow_id ?? event.agent_id ?? event.step
  if (label !== undefined && (isRoot || fold.name === '')) fold.name = label
}

function emptyFold(traceId: string): TraceFold {
  return {
    trace_id: traceId,
    started_ms: Number.MAX_SAFE_INTEGER,
    ended_ms: 0,
    complete: 0,
    status: 'running',
    outcome: '',
    outcome_revised_ms: 0,
    said_ms: 0,
    error_type: '',
    name: '',
    environment: '',
    agent_id: '',
    workflow_id: '',
    workflow_version: '',
    user_id: '',
    session_id: '',
    providers: new Set(),
    models: new Set(),
    prompts: new Set(),
    events: 0,
    errors: 0,
    llm_calls: 0,
    tool_calls: 0,
    retries: 0,
    fallbacks: 0,
    batches: new Set(),
    failures: new Set(),
    leaks: new Set(),
    unpriced: 0,
    cost_nanousd: 0,
    tokens_prompt: 0,
    tokens_completion: 0,
  }
}
