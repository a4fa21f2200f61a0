/** A trace in which a tool fails, is tried again, a model falls back and a parent never comes. */
export function richTrace(traceId: string, at: number) {
  const common = {
    trace_id: traceId,
    agent_id: 'refund-desk',
    workflow_id: 'refund',
    workflow_version: 'v2',
    user_id: 'ada',
    environment: 'prod',
  }
  const under = { ...common, parent_span_id: 'root' }
  return [
    { ...common, event_type: 'agent.request.started' as const, timestamp: at, span_id: 'root' },
    {
      ...under,
      event_type: 'agent.step.completed' as const,
      timestamp: at + 900,
      span_id: 'plan',
      step: 'plan',
      provider: 'openai',
      model: 'gpt-4o',
      latency_ms: 800,
      tokens_prompt: 1200,
      tokens_cached: 1000,
      tokens_completion: 90,
      tokens_reasoning: 40,
      cost_usd: '0.012345678',
      status: 'ok' as const,
    },
    {
      ...under,
      event_type: 'agent.tool.failed' as const,
      timestamp: at + 1200,
      span_id: 'pay',
      tool_name: 'pay.refund',
      latency_ms: 250,
      status: 'error' as const,
      error_type: 'tool_timeout',
      error_message: 'card 4111 took too long',
    },
    {
      ...under,
      event_type: 'agent.retry' as const,
      timestamp: at + 1250,
      span_id: 'pay',
      tool_name: 'pay.refund',
      attempt: 2,
      error_type: 'tool_timeout',
    },
    {
      ...under,
      event_type: 'agent.fallback.triggered' as const,
      timestamp: at + 1300,
      span_id: 'plan',
      fallback_from: 'gpt-5',
      fallback_to: 'gpt-4o',
    },
    {
      ...common,
      event_type: 'agent.step.completed' as const,
      timestamp: at + 1500,
      span_id: 'lost',
      parent_span_id: 'never-came',
      step: 'rerank',
      latency_ms: 100,
      status: 'ok' as const,
    },
    {
      ...common,
      event_type: 'agent.request.completed' as const,
      timestamp: at + 2000,
      span_id: 'root',
      latency_ms: 2000,
      status: 'error' as const,
      error_type: 'tool_timeout',
      outcome: 'failure' as const,
    },
  ]
}

/** A trace of so many spans, in chains of twenty. */
export function bigTrace(traceId: string, spans: number, at: number) {
  const common = { trace_id: traceId, agent_id: 'crawler', workflow_id: 'crawl' }
  const steps = Array.from({ length: spans - 1 }, (_, index) => ({
    ...common,
    event_type: 'agent.step.completed' as const,
    timestamp: at + index * 10 + 8,
    span_id: `s${index}`,
    parent_span_id: index % 20 === 0 ? 'root' : `s${index - (index % 20)}`,
    step: `page ${index}`,
    latency_ms: 8,
    status: 'ok' as const,
  }))
  return [
    ...steps,
    {
      ...common,
      event_type: 'agent.request.completed' as const,
      timestamp: at + spans * 10,
      span_id: 'root',
      latency_ms: spans * 10,
      status: 'ok' as const,
    },
  ]
}
