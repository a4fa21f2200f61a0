import type { EventInput } from '../../../../../workers/contract/event.ts'

export interface SnippetFacts {
  /** Where this dashboard is served: the endpoint is on the same host. */
  origin: string
  /** Null when the key was shown already: the snippets then read it from the environment. */
  key: string | null
}

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
export function curlSnippet({ origin, key }: SnippetFacts, event: EventInput): string {
  const body = JSON.stringify({ events: [event] }, null, 2)
  // Every value is ours and free of single quotes, which would end the argument.
  return [
    `curl ${origin}/v1/events \\`,
    `  -H "Authorization: Bearer ${key ?? '$AGENTOPS_KEY'}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${body}'`,
  ].join('\n')
}

/** What any OpenTelemetry exporter over HTTP reads from its environment. */
export function environmentSnippet({ origin, key }: SnippetFacts): string {
  return [
    `export OTEL_EXPORTER_OTLP_ENDPOINT="${origin}"`,
    `export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20${key ?? '$AGENTOPS_KEY'}"`,
    `export OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf"`,
    `export OTEL_SERVICE_NAME="my-first-agent"`,
  ].join('\n')
}

export const NODE_INSTALL =
  'npm install @opentelemetry/api @opentelemetry/sdk-trace @opentelemetry/exporter-trace-otlp-proto'

/** A whole program: an agent's run with one model call in it, by the OpenTelemetry Node SDK. */
export function nodeSnippet({ origin, key }: SnippetFacts): string {
  return `// agent.mjs
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

const exporter = new OTLPTraceExporter({
  url: '${origin}/v1/traces',
  headers: { authorization: ${key === null ? '`Bearer ${process.env.AGENTOPS_KEY}`' : `'Bearer ${key}'`} },
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
