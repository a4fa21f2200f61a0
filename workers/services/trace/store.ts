import type { TRACE_MARKS, TraceSort } from '../../contract/trace.ts'
import type { CanonicalEvent } from '../../contract/event.ts'
import type { ProjectTenant } from '../../contract/tenant.ts'

/** A row of the trace table. */
export interface TraceRow {
  sort_ms: number
  trace_id: string
  started_ms: number
  ended_ms: number
  complete: number
  status: string
  outcome: string
  outcome_revised_ms: number
  error_type: string
  name: string
  environment: string
  agent_id: string
  workflow_id: string
  workflow_version: string
  user_id: string
  session_id: string
  providers: string
  models: string
  prompts: string
  leaks: string
  failures: string
  events: number
  errors: number
  llm_calls: number
  tool_calls: number
  retries: number
  fallbacks: number
  unpriced: number
  cost_nanousd: number
  tokens_prompt: number
  tokens_completion: number
  batches: string
}

/** What all has to be true of one and the same failure. */
export interface FailureFilter {
  error_types?: readonly string[]
  message_hash?: string
  step?: string
  tool_name?: string
  model?: string
}

/** One kind of failure and the traces that had it. */
export interface FailureRow {
  /** JSON of a FailureTuple (domain/trace-failure.ts). */
  failure: string
  traces: number
  /** Starts of the first and the last of them. */
  first_ms: number
  last_ms: number
  /** The last of them. */
  trace_id: string
}

export interface TraceFilter {
  from_ms: number
  to_ms: number
  equals: Partial<
    Record<
      'status' | 'error_type' | 'agent_id' | 'workflow_id' | 'workflow_version' | 'user_id' | 'environment',
      string
    >
  >
  model?: string
  prompt_version?: string
  provider?: string
  leak?: string
  failure?: FailureFilter
  /** The column that must count one at least. */
  has?: (typeof TRACE_MARKS)[number]
  min_cost_nanousd?: number
  q?: string
}

/** Where a page ended: the last row that was looked at, found or not. */
export interface TracePosition {
  sort_ms: number
  trace_id: string
}

/** By what traces are ordered; traces of equal value by time, in the same direction. */
export interface TraceOrder {
  by: Exclude<TraceSort, 'started_at'>
  descending: boolean
}

/** Where a page of sorted traces ended: its last trace, and what that was sorted by. */
export interface SortedPosition extends TracePosition {
  value: string | number
}

export interface PackedBatch {
  events: CanonicalEvent[]
  /** Event index → [cost_nanousd, cost_source]. */
  costs: Record<string, [number, 'reported' | 'computed' | 'unpriced']>
}

/** Traces of one project; a page looks at a bounded number of rows, so it may end before it is full. */
export interface TraceStore {
  page(
    tenant: ProjectTenant,
    filter: TraceFilter,
    after: TracePosition | null,
    limit: number,
    descending: boolean,
  ): Promise<{ rows: TraceRow[]; next: TracePosition | null }>
  /**
   * A page in another order than that of time, of the newest traces of the range; of those that began before `from_ms`
   * nothing is known where it is later than asked.
   */
  sorted(
    tenant: ProjectTenant,
    filter: TraceFilter,
    order: TraceOrder,
    after: SortedPosition | null,
    limit: number,
  ): Promise<{ rows: TraceRow[]; next: SortedPosition | null; from_ms: number }>
  /**
   * Failures of the newest traces, those of most traces first; of traces that began before `from_ms` nothing is known
   * where it is not null.
   */
  failures(
    tenant: ProjectTenant,
    filter: TraceFilter,
    limit: number,
  ): Promise<{ rows: FailureRow[]; from_ms: number | null }>
  find(tenant: ProjectTenant, traceId: string): Promise<TraceRow | null>
  batches(tenant: ProjectTenant, batchIds: string[]): Promise<PackedBatch[]>
  /** What was priced anew of a trace: by how much the cost of an event has changed; undefined where it was not. */
  repriced(tenant: ProjectTenant, traceId: string): Promise<(event: CanonicalEvent) => number | undefined>
}
