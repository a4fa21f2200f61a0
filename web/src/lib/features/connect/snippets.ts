import type { EventInput } from '../../../../../workers/contract/event.ts'
import { bearerInScript, inShell, type Facts } from './client.ts'

export interface FirstEventFacts {
  nowMs: number
  /** 32 and 16 hex digits, W3C ids. */
  traceId: string
  spanId: string
}

/** One model call, as an agent would report it, with the present time. */
export function firstEvent({ nowMs, traceId, spanId }: FirstEventFacts): EventInput {
  return {
    event_type: 'agent.request.completed',
    timestamp: new Date(nowMs).toISOString(),
    trace_id: traceId,
    span_id: spanId,
    agent_id: 'my-first-agent',
    workflow_id: 'hello-agentops',
    workflow_version: 'v1',
    environment: 'development',
    provider: 'openai',
    model: 'gpt-4o-mini',
    status: 'ok',
    outcome: 'success',
    latency_ms: 840,
    tokens_prompt: 1200,
    tokens_completion: 180,
  }
}

/** Sends one event to `POST /v1/events`. */
export function curlSnippet(facts: Facts, event: EventInput): string {
  const body = JSON.stringify({ events: [event] }, null, 2)
  // Every value is ours and free of single quotes, which would end the argument.
  return [
    `curl ${facts.origin}/v1/events \\`,
    `  -H "Authorization: Bearer ${inShell(facts)}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${body}'`,
  ].join('\n')
}

/** Gives Claude Code the tools of `/mcp` (docs/assistants.md). */
export function assistantCommand(facts: Facts): string {
  return `claude mcp add --transport http agentops ${facts.origin}/mcp --header "Authorization: Bearer ${inShell(facts)}"`
}

export const NODE_INSTALL =
  'npm install @opentelemetry/api @opentelemetry/sdk-trace @opentelemetry/exporter-trace-otlp-proto'

/** A whole program: an agent's run with one model call in it, by the OpenTelemetry Node SDK. */
export function nodeSnippet(facts: Facts): string {
  return `// agent.mjs
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

const exporter = new OTLPTraceExporter({
  url: '${facts.origin}/v1/traces',
  headers: { authorization: ${bearerInScript(facts)} },
})
const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
const tracer = provider.getTracer('my-first-agent')

const agent = tracer.startSpan('invoke_agent my-first-agent', {
  attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'my-first-agent' },
})
const chat = tracer.startSpan('chat gpt-4o-mini', {
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o-mini',
    'gen_ai.usage.input_tokens': 1200,
    'gen_ai.usage.output_tokens': 180,
  },
}, trace.setSpan(ROOT_CONTEXT, agent))
chat.end()
agent.end()

await provider.forceFlush()
await provider.shutdown()`
}
