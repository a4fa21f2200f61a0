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
