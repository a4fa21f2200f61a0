import {
  ROOT_CONTEXT,
  SpanStatusCode,
  trace as api,
  type Attributes,
  type Span as ApiSpan,
  type Tracer,
} from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  TracerProvider,
  type IdGenerator,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Failure, LlmSpan, Span, Trace } from './model.ts'

export interface OtelOptions {
  url: string
  key: string
  encoding: 'otlp-protobuf' | 'otlp-json'
  service: string
}

/** An agent that is instrumented with the OpenTelemetry SDK. */
export interface OtelAgent {
  /** Records the spans of a trace with their own times and ids. */
  record(trace: Trace): void
  /** Exports what was recorded. @throws when the server did not take all of it. */
  flush(): Promise<void>
  shutdown(): Promise<void>
}

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0]

const QUEUE_SPANS = 100_000
/** More than one hour of one agent: a trace is never cut in two. */
const EXPORT_SPANS = 4000
const ATTEMPTS_MAX = 6

export function otelAgent({ url, key, encoding, service }: OtelOptions): OtelAgent {
  process.env['OTEL_EXPORTER_OTLP_COMPRESSION'] ??= 'gzip'
  const config = { url: `${url}/v1/traces`, headers: { authorization: `Bearer ${key}` }, timeoutMillis: 30_000 }
  const exporter = persistent(encoding === 'otlp-json' ? new JsonExporter(config) : new ProtobufExporter(config))
  const ids = chosenIds()
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'acme' }),
    idGenerator: ids,
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: QUEUE_SPANS,
        maxExportBatchSize: EXPORT_SPANS,
        exportTimeoutMillis: 300_000,
      }),
    ],
  })
  const tracer = provider.getTracer('acme-agents', '2.4.0')
  return {
    record: (trace) => record(tracer, ids, trace),
    async flush() {
      await provider.forceFlush({ timeoutMillis: 300_000 })
      exporter.assertTaken()
    },
    shutdown: () => provider.shutdown(),
  }
}

/** The SDK drops what its exporter could not deliver; history must arrive, so this one asks again. */
function persistent(exporter: SpanExporter): SpanExporter & { assertTaken(): void } {
  let lost = 0
  const attempt = (spans: ReadableSpan[]) => new Promise<ExportResult>((done) => exporter.export(spans, done))
  const deliver = async (spans: ReadableSpan[]) => {
    let result = await attempt(spans)
    for (let n = 1; isFailure(result) && n < ATTEMPTS_MAX; n++) {
      await sleep(1000 * n)
      result = await attempt(spans)
    }
    if (isFailure(result)) lost += spans.length
    return result
  }
  return {
    export: (spans, done) => void deliver(spans).then(done),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
    assertTaken() {
      if (lost > 0) throw new Error(`the server did not take ${lost} spans`)
    },
  }
}

function isFailure({ code }: { code: number }): boolean {
  return code !== 0
}

/** The simulation's own ids, so that history sent twice is the same history. */
function chosenIds(): IdGenerator & { next(traceId: string, spanId: string): void } {
  let trace = ''
  let span = ''
  return {
    next(traceId, spanId) {
      trace = traceId
      span = spanId
    },
    generateTraceId: () => trace,
    generateSpanId: () => span,
  }
}

function record(tracer: Tracer, ids: ReturnType<typeof chosenIds>, trace: Trace): void {
  ids.next(trace.id, trace.rootSpan)
  const names: Attributes = {
    'gen_ai.agent.id': trace.agent,
    'gen_ai.workflow.name': trace.workflow,
    'gen_ai.agent.version': trace.version,
    'gen_ai.conversation.id': trace.session,
    'user.id': trace.user,
    'deployment.environment.name': trace.environment,
  }
  const root = tracer.startSpan(
    `invoke_workflow ${trace.workflow}`,
    {
      startTime: trace.startMs,
      attributes: { ...names, 'gen_ai.operation.name': 'invoke_workflow', 'acme.channel': trace.channel },
    },
    ROOT_CONTEXT,
  )
  const context = api.setSpan(ROOT_CONTEXT, root)
  for (const mark of trace.marks) {
    if (mark.kind === 'fallback')
      root.addEvent('fallback', { 'from.model': mark.from.model, 'to.model': mark.to.model }, mark.atMs)
    else if (mark.kind === 'policy')
      root.addEvent('policy', { 'policy.id': mark.policy, 'policy.result': mark.result }, mark.atMs)
  }
  for (const span of trace.spans) {
    ids.next(trace.id, span.id)
    const child = tracer.startSpan(
      nameOf(span),
      { startTime: span.startMs, attributes: { ...names, ...attributesOf(span) } },
      context,
    )
    for (const mark of trace.marks) {
      if (mark.kind === 'retry' && mark.span === span.id) child.addEvent('retry', { attempt: mark.attempt }, mark.atMs)
    }
    end(child, span.endMs, span.failure)
  }
  end(root, trace.endMs, trace.failure)
}

function end(span: ApiSpan, endMs: number, failure?: Failure): void {
  if (failure)
    span.setAttribute('error.type', failure.raw).setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
  span.end(endMs)
}

function nameOf(span: Span): string {
  if (span.kind === 'tool') return `execute_tool ${span.tool}`
  return span.kind === 'llm' ? `chat ${span.model.model}` : span.step
}

function attributesOf(span: Span): Attributes {
  if (span.kind === 'step') return {}
  if (span.kind === 'tool')
    return { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': span.tool, 'server.address': span.host }
  return { 'gen_ai.operation.name': 'chat', 'acme.step': span.step, ...usageOf(span) }
}

function usageOf({ model, promptVersion, tokens, firstTokenMs }: LlmSpan): Attributes {
  const call: Attributes = {
    'gen_ai.provider.name': model.otelProvider,
    'gen_ai.request.model': model.model,
    'gen_ai.prompt.version': promptVersion,
  }
  if (tokens === undefined) return call
  return {
    ...call,
    'gen_ai.response.model': model.model,
    'gen_ai.usage.input_tokens': tokens.prompt,
    'gen_ai.usage.output_tokens': tokens.completion,
    ...(tokens.cached > 0 && { 'gen_ai.usage.cache_read.input_tokens': tokens.cached }),
    ...(tokens.cacheWrite > 0 && { 'gen_ai.usage.cache_write.input_tokens': tokens.cacheWrite }),
    ...(tokens.reasoning > 0 && { 'gen_ai.usage.reasoning.output_tokens': tokens.reasoning }),
    ...(firstTokenMs !== undefined && { 'gen_ai.response.time_to_first_chunk': firstTokenMs / 1000 }),
  }
}
