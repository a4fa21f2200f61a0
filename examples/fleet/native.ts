import type { LlmSpan, Mark, Span, Trace } from './model.ts'

/** An event of `POST /v1/events`, as far as this fleet fills it. */
export interface FleetEvent {
  event_type: string
  timestamp: number
  trace_id: string
  span_id: string
  [field: string]: unknown
}

/** The native events of a trace, in the order in which they happen. */
export function eventsOf(trace: Trace): FleetEvent[] {
  const common = {
    trace_id: trace.id,
    agent_id: trace.agent,
    workflow_id: trace.workflow,
    workflow_version: trace.version,
    user_id: trace.user,
    session_id: trace.session,
    environment: trace.environment,
  }
  const events: FleetEvent[] = [
    {
      ...common,
      event_type: 'agent.request.started',
      timestamp: trace.startMs,
      span_id: trace.rootSpan,
      queue_depth: trace.queueDepth,
      attributes: { channel: trace.channel },
    },
    ...trace.spans.flatMap((span) => spanEvents(span).map((event) => ({ ...common, ...event }))),
    ...trace.marks.map((mark) => ({ ...common, ...markEvent(mark) })),
    {
      ...common,
      event_type: 'agent.request.completed',
      timestamp: trace.endMs,
      span_id: trace.rootSpan,
      status: trace.status,
      outcome: trace.outcome,
      latency_ms: trace.endMs - trace.startMs,
      scores: { quality: Number(trace.quality.toFixed(3)) },
      ...(trace.failure && { error_type: trace.failure.raw, error_message: trace.failure.message }),
      ...(trace.piiRedacted > 0 && { pii_detected: trace.piiRedacted, pii_redacted: trace.piiRedacted }),
    },
  ]
  return events.sort((a, b) => a.timestamp - b.timestamp)
}

type Own = Pick<FleetEvent, 'event_type' | 'timestamp' | 'span_id'> & Record<string, unknown>

function spanEvents(span: Span): Own[] {
  const place = { span_id: span.id, parent_span_id: span.parent }
  const result = {
    latency_ms: span.endMs - span.startMs,
    status: span.failure ? 'error' : 'ok',
    ...(span.failure && { error_type: span.failure.raw, error_message: span.failure.message }),
  }
  if (span.kind === 'tool') {
    const event_type = span.failure ? 'agent.tool.failed' : 'agent.tool.called'
    const target = {
      tool_name: span.tool,
      attempt: span.attempt - 1,
      ...(span.host !== undefined && { egress_host: span.host }),
      ...(span.asked && { attributes: { tool_args_hash: span.asked.hash } }),
      ...(span.asked && span.asked.usd > 0 && { cost_usd: span.asked.usd }),
    }
    return [{ ...place, ...result, ...target, event_type, timestamp: span.endMs }]
  }
  const started: Own = { ...place, event_type: 'agent.step.started', timestamp: span.startMs, step: span.step }
  const completed: Own = {
    ...place,
    ...result,
    event_type: 'agent.step.completed',
    timestamp: span.endMs,
    step: span.step,
  }
  return span.kind === 'llm' ? [started, { ...completed, ...usageOf(span) }] : [started, completed]
}

function usageOf({ model, promptVersion, attempt, tokens, firstTokenMs }: LlmSpan): Record<string, unknown> {
  const call = { provider: model.provider, model: model.model, prompt_version: promptVersion, attempt: attempt - 1 }
  if (tokens === undefined) return call
  const { prompt, completion, cached, cacheWrite, reasoning } = tokens
  return {
    ...call,
    time_to_first_token_ms: firstTokenMs,
    tokens_prompt: prompt,
    tokens_completion: completion,
    tokens_total: prompt + completion,
    ...(cached > 0 && { tokens_cached: cached }),
    ...(cacheWrite > 0 && { tokens_cache_write: cacheWrite }),
    ...(reasoning > 0 && { tokens_reasoning: reasoning }),
    ...(model.reports && { cost_usd: reportedUsd(prompt * model.reports.input + completion * model.reports.output) }),
  }
}

/** Micro-dollars → a decimal string of dollars, as a careful provider reports it. */
function reportedUsd(microUsd: number): string {
  return (Math.round(microUsd * 1000) / 1e9).toFixed(9)
}

function markEvent(mark: Mark): Own {
  const base = { timestamp: mark.atMs, span_id: mark.span }
  switch (mark.kind) {
    case 'retry':
      return {
        ...base,
        event_type: 'agent.retry',
        attempt: mark.attempt,
        step: mark.step,
        error_type: mark.failure.raw,
        ...(mark.model && { provider: mark.model.provider, model: mark.model.model }),
        ...(mark.tool !== undefined && { tool_name: mark.tool }),
      }
    case 'fallback':
      return {
        ...base,
        event_type: 'agent.fallback.triggered',
        step: mark.step,
        fallback_from: mark.from.model,
        fallback_to: mark.to.model,
      }
    case 'policy':
      return { ...base, event_type: 'agent.policy.decision', policy_id: mark.policy, policy_result: mark.result }
    case 'threshold':
      return {
        ...base,
        event_type: 'agent.budget.threshold_hit',
        attributes: { percent: mark.percent, budget: 'agent-daily' },
      }
  }
}
