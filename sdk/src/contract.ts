// Written by `npm run types` from workers/contract; `npm run check` compares. Do not edit.

export type AgentEvent = {
  event_type:
    | 'agent.request.started'
    | 'agent.request.completed'
    | 'agent.step.started'
    | 'agent.step.completed'
    | 'agent.tool.called'
    | 'agent.tool.failed'
    | 'agent.retry'
    | 'agent.fallback.triggered'
    | 'agent.policy.decision'
    | 'agent.budget.threshold_hit'
  /** RFC 3339 with a zone, or epoch milliseconds: when the event happened (for `*.completed`, its end) */
  timestamp: number | string
  trace_id: string
  span_id: string
  event_id?: string | null
  org_id?: string | null
  workspace_id?: string | null
  project_id?: string | null
  parent_span_id?: string | null
  session_id?: string | null
  user_id?: string | null
  agent_id?: string | null
  workflow_id?: string | null
  workflow_version?: string | null
  step?: string | null
  environment?: string | null
  provider?: string | null
  model?: string | null
  prompt_version?: string | null
  status?: ('ok' | 'error' | 'blocked' | 'cancelled') | null
  /** Mapped to the failure taxonomy; HTTP codes and exception names are understood */
  error_type?: string | null
  error_message?: string | null
  error_message_hash?: string | null
  latency_ms?: number | null
  time_to_first_token_ms?: number | null
  tokens_prompt?: number | null
  tokens_completion?: number | null
  tokens_total?: number | null
  tokens_cached?: number | null
  tokens_cache_write?: number | null
  tokens_reasoning?: number | null
  /** Of `tokens_cache_write`: kept for an hour */
  tokens_cache_write_1h?: number | null
  /** Of `tokens_prompt` */
  tokens_prompt_audio?: number | null
  /** Of `tokens_cached` */
  tokens_cached_audio?: number | null
  /** Of `tokens_prompt` */
  tokens_prompt_image?: number | null
  /** Of `tokens_completion` */
  tokens_completion_audio?: number | null
  /** Of `tokens_completion` */
  tokens_completion_image?: number | null
  /** How the provider served the call, in its word: `default`, `flex`, `priority`, `batch` … */
  service_tier?: string | null
  cost_usd?: (number | string) | null
  tool_name?: string | null
  /** Tries before this one: 0 for the first, and from 1 on for retries */
  attempt?: number | null
  fallback_from?: string | null
  fallback_to?: string | null
  policy_id?: string | null
  policy_result?: ('allow' | 'block' | 'escalate') | null
  outcome?: ('success' | 'failure') | null
  scores?: Record<string, number> | null
  pii_detected?: (number | Record<string, number>) | null
  pii_redacted?: (number | Record<string, number>) | null
  egress_host?: string | null
  queue_depth?: number | null
  reservation_id?: string | null
  /** The provider's id of the answer (`chatcmpl-…`, `msg_…`): a call told twice is paid once */
  response_id?: string | null
  input?: unknown
  output?: unknown
  attributes?: Record<string, unknown> | null
}

export type Outcome = {
  trace_id: string
  outcome: 'success' | 'failure'
  /** RFC 3339 with a zone, or epoch milliseconds; when it is left out, the time of receipt */
  occurred_at?: (number | string) | null
  /** In a few words, like "refund"; personal data and secrets of known forms are taken out */
  reason?: string | null
  event_id?: string | null
}

export type Work = {
  /** The most that it may cost */
  estimate_usd: string | number
  agent_id?: string | null
  workflow_id?: string | null
  provider?: string | null
  model?: string | null
  user_id?: string | null
  /** Where its cost shows, when no event brings it */
  trace_id?: string | null
  /** The same key is the same reservation */
  idempotency_key?: string | null
  /** Seconds until it lets go by itself; 300 when left out */
  ttl_s?: number | null
  /** True: several calls are paid from it, and an event does not end it */
  partial?: boolean | null
  /** Retries so far: 0 for the first try, then as `attempt` of agent.retry */
  attempt?: number | null
  tool_name?: string | null
  /** Any text that is the same for the same arguments, such as a hash of them */
  tool_args_hash?: string | null
  /** Tokens that the call will send */
  tokens_context?: number | null
  /** How deep in agents that call agents; 0 at the top */
  depth?: number | null
  /** Number of this step in its trace; the guard counts them too */
  step?: number | null
}

export type SettleRequest = {
  reservation_id: string
  /** US dollars, at most nine decimals */
  cost_usd: string | number
  /** False: more will follow. True when left out */
  final?: boolean | null
  /** Of a part: the same key is the same part */
  idempotency_key?: string | null
  /** How the call of the model ended: circuit breakers learn of it at once */
  status?: ('ok' | 'error' | 'blocked' | 'cancelled') | null
  /** Of an error; mapped to the failure taxonomy */
  error_type?: string | null
}

export type IngestAnswer = {
  accepted: number
  rejected: {
    index: number
    code: string
    pointer: string
    detail: string
  }[]
  receipt_id: string | null
}

export type ReserveAnswer = {
  decision: 'allow' | 'deny' | 'escalate'
  /** Null unless it is allowed and was counted */
  reservation_id: string | null
  expires_at: string | null
  /** Why not; or that nobody could be asked */
  reason:
    | (
        | 'budget_exceeded'
        | 'unpriced_model'
        | 'retry_cap'
        | 'tool_not_allowed'
        | 'context_limit'
        | 'loop_detected'
        | 'circuit_open'
        | 'unreachable_open'
        | 'unreachable_closed'
      )
    | null
  detail: string | null
  /** Ids of the budgets without room */
  refused_by: string[]
  /** A model to try instead, with its own estimate */
  downgrade_to: string | null
  /** With `escalate`: what a person is asked to approve */
  approval_id: string | null
  budgets: {
    id: string
    name: string
    hard: boolean
    limit_usd: string
    spent_usd: string
    reserved_usd: string
    left_usd: string
    resets_at: string
  }[]
  /** Of a refusal: the reservations that hold what is missing */
  holders: {
    reservation_id: string
    held_usd: string
    agent_id: string | null
    workflow_id: string | null
    expires_at: string
  }[]
  /** Of a refusal, its name in the failure taxonomy */
  error_type: string | null
  /** The run-time control that refuses */
  control_id: string | null
  /** With `circuit_open`: when to try again, where that is known */
  retry_at: string | null
  /** Of a batch: which of it a control refuses, from 0 */
  refused_work: number | null
  /** Of what is allowed: the run-time controls that hold for it; null where none does */
  controls: {
    retries_max: number | null
    tools_allowed: string[] | null
    context_tokens_max: number | null
    loop: {
      repeats_max: number | null
      /** Of this tool and these arguments */
      repeats_left: number | null
      depth_max: number | null
      steps_max: number | null
      steps_left: number | null
    } | null
    breaker: {
      state: 'closed' | 'open' | 'half_open'
      opened_by_error_rate: number | null
      retry_at: string | null
    } | null
  } | null
}

export type SettleAnswer = {
  reservation_id: string
  state: 'open' | 'settled' | 'expired' | 'released'
  /** All that was told of it */
  settled_usd: string
  /** The greater of that and of its events */
  spent_usd: string
  held_usd: string
  /** By how much it cost more than was reserved */
  over_estimate_usd: string
  /** True: this was told before, and changed nothing */
  repeated: boolean
  budgets: {
    id: string
    name: string
    hard: boolean
    limit_usd: string
    spent_usd: string
    reserved_usd: string
    left_usd: string
    resets_at: string
  }[]
}

export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  code: string
  errors?: {
    pointer: string
    detail: string
  }[]
}

export type Receipt = {
  id: string
  project_id: string
  state: 'journaled' | 'queued' | 'applied' | 'dead'
  received_at: string | null
  applied_at: string | null
  parts: {
    batch_id: string
    state: 'journaled' | 'queued' | 'applied' | 'dead'
    events: number | null
    ledger_entries: number | null
    detail: string | null
  }[]
}

export type LiveMessage =
  | {
      type: 'hello'
      cursor: number
      replayed: number
      gap: boolean
    }
  | {
      type: 'events'
      cursor: number
      at_ms: number
      events: {
        event_type: string
        timestamp: number
        trace_id: string
        span_id: string
        agent_id?: string
        workflow_id?: string
        step?: string
        model?: string
        tool_name?: string
        status?: string
        error_type?: string
        latency_ms?: number
        tokens_total?: number
        cost_nanousd?: number
        unpriced?: boolean
        environment?: string
        user_id?: string
      }[]
      omitted: number
    }
  | {
      type: 'slow'
      cursor: number
      detail: string
    }

export type Key = {
  id: string
  name: string
  /** Null: the whole organization */
  project_id: string | null
  /** The service principal that acts by this key */
  principal_id: string | null
  /** The only one that its events can be of */
  environment: string | null
  scopes: ('ingest' | 'guard' | 'read' | 'admin')[]
  hint: string
  created_at: string
  expires_at: string | null
  revoked_at: string | null
  /** The key that took its place */
  rotated_to: string | null
  /** To the hour */
  last_used_at: string | null
}

export type KeyCreated = {
  id: string
  name: string
  /** Null: the whole organization */
  project_id: string | null
  /** The service principal that acts by this key */
  principal_id: string | null
  /** The only one that its events can be of */
  environment: string | null
  scopes: ('ingest' | 'guard' | 'read' | 'admin')[]
  hint: string
  created_at: string
  expires_at: string | null
  revoked_at: string | null
  /** The key that took its place */
  rotated_to: string | null
  /** To the hour */
  last_used_at: string | null
  /** Shown this once */
  key: string
}

export type Budget = {
  name: string
  scope: {
    type: 'org' | 'workspace' | 'project' | 'agent' | 'workflow' | 'model' | 'provider' | 'user'
    id: string | null
  }
  /** A day, ISO week or month of the organization’s time zone */
  period: 'day' | 'week' | 'month'
  limit_usd: string
  /** True: the guard refuses what does not fit. False: it only tells */
  hard: boolean
  thresholds: number[]
  on_limit: 'block' | 'downgrade' | 'approve'
  downgrade_to: string | null
  /** What the guard answers when the budget cannot be asked */
  on_unreachable: 'open' | 'closed'
  /** Models without a price: let in at the estimate, or refused */
  unpriced: 'allow' | 'refuse'
  planned_usd: Record<string, string>
  id: string
  time_zone: string
  /** What is added to the limit for now */
  extension: {
    amount_usd: string
    until: string
  } | null
  spent_usd: string
  reserved_usd: string
  /** Never below 0 */
  left_usd: string
  period_start: string
  resets_at: string
  forecast: {
    /** Seasonal decomposition (MSTL) with an ETS model, or exponential smoothing where history is short */
    method: 'mstl_ets' | 'exponential_smoothing'
    /** Complete days of the time zone that it was made from */
    history_days: number
    made_at: string
    /** With what is spent, which is exact */
    expected_usd: string
    low_80_usd: string
    high_80_usd: string
    low_95_usd: string
    high_95_usd: string
    /** That the period ends above the limit with its extension; for a hard budget, that agents will want more */
    overrun_probability: number
    /** Day of the time zone on which the limit is expected to be reached; null when it is not, or was before */
    limit_on: string | null
  } | null
  /** Why there is no forecast: fewer than seven complete days of spend, or not made yet */
  forecast_reason: ('too_little_history' | 'pending') | null
  created_at: string
}

export type Export = {
  id: string
  state: 'running' | 'done' | 'cancelled' | 'expired'
  step: 'organization' | 'tables' | 'dead_letters' | 'manifest'
  detail: string | null
  rows: number
  files: number
  /** Packed, without the archive and the audit log */
  bytes: number
  created_at: string
  ended_at: string | null
  expires_at: string | null
}

export type Project = {
  id: string
  org_id: string
  workspace_id: string
  slug: string
  name: string
  keep_content: boolean
  region: 'global' | 'eu' | 'us'
  created_at: string
}

export type Me = {
  user: {
    id: string
    name: string
    email: string
    email_verified: boolean
    two_factor_enabled: boolean
  }
  orgs: {
    id: string
    slug: string
    name: string
    region: 'global' | 'eu' | 'us'
    /** IANA zone of its budgets’ days, weeks and months */
    time_zone: string
    created_at: string
    role: 'owner' | 'admin' | 'finance' | 'operator' | 'developer' | 'auditor' | 'approver'
  }[]
}
