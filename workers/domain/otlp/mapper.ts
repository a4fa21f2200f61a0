import type { EventInput } from '../../contract/event.ts'
import { normaliseTokens } from '../tokens.ts'
import { keptAttributes, pick, pickCount, pickNumber, pickText } from './attributes.ts'
import type { Attributes, FlatSpan } from './span.ts'

const LLM_OPERATIONS = new Set(['chat', 'generate_content', 'text_completion', 'embeddings', 'llm_call'])
const AGENT_OPERATIONS = new Set(['invoke_agent', 'invoke_workflow', 'create_agent'])
const KINDS: Record<string, SpanClass> = {
  LLM: 'llm', EMBEDDING: 'llm', TOOL: 'tool', AGENT: 'agent', CHAIN: 'agent', workflow: 'agent', agent: 'agent', task: 'agent', tool: 'tool',
}
const WELL_KNOWN_PROVIDERS = new Set([
  'aws.bedrock', 'azure.ai.openai', 'azure.ai.inference', 'gcp.gemini', 'gcp.gen_ai', 'gcp.vertex_ai', 'ibm.watsonx.ai',
])
/** Instrumentations that count cached tokens apart from input tokens, against the conventions. */
const EXCLUSIVE_SCOPES = [/^@traceloop\/instrumentation-anthropic/, /^com\.anthropic\.claude_code/]
const ANCESTORS_MAX = 64

type SpanClass = 'llm' | 'tool' | 'agent' | 'other'
type Names = Pick<EventInput, 'agent_id' | 'workflow_id' | 'workflow_version' | 'user_id' | 'session_id'>
const NAMES = ['agent_id', 'workflow_id', 'workflow_version', 'user_id', 'session_id'] as const

/** Maps the spans of one payload to event inputs, grouped by span; the caller checks each as any other event. */
export function eventsOfSpans(spans: readonly FlatSpan[], keepContent: boolean): EventInput[][] {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  return spans.map((span) => eventsOf(span, namesOf(span, byId), keepContent))
}

function eventsOf(span: FlatSpan, names: Names, keepContent: boolean): EventInput[] {
  const kind = classOfSpan(span)
  const root = span.parentSpanId === ''
  const base = { ...names, ...placeOf(span) }
  const ended = { ...base, ...resultOf(span), latency_ms: span.durationMs }
  const attributes = keptAttributes({ ...span.attributes, 'otel.scope.name': span.scope }, keepContent)
  const detail = { step: span.name.slice(0, 200) || undefined, attributes, ...contentOf(span, keepContent) }
  const events: EventInput[] = []
  if (kind === 'llm') events.push({ ...ended, ...detail, event_type: 'agent.step.completed', ...usageOf(span) })
  else if (kind === 'tool') {
    const event_type = ended.status === 'error' ? 'agent.tool.failed' : 'agent.tool.called'
    events.push({ ...ended, ...detail, event_type, tool_name: toolOf(span) })
  } else if (!root) events.push({ ...ended, ...detail, event_type: 'agent.step.completed' })
  if (root) events.push({ ...ended, event_type: 'agent.request.completed', ...(kind === 'agent' || kind === 'other' ? detail : {}) })
  return [...events, ...marksOf(span, base)]
}

function classOfSpan({ attributes, name }: FlatSpan): SpanClass {
  const operation = pickText(attributes, 'operation')
  if (operation !== undefined) {
    if (LLM_OPERATIONS.has(operation)) return 'llm'
    if (operation === 'execute_tool') return 'tool'
    if (AGENT_OPERATIONS.has(operation)) return 'agent'
  }
  const kind = KINDS[pickText(attributes, 'span_kind') ?? '']
  if (kind !== undefined) return kind
  const vercel = pickText(attributes, 'vercel_operation')
  if (vercel !== undefined) return /\.do(Generate|Stream|Embed)$/.test(vercel) ? 'llm' : vercel === 'ai.toolCall' ? 'tool' : 'agent'
  if (pick(attributes, 'tool_name') !== undefined) return 'tool'
  const usage = pick(attributes, 'prompt') !== undefined || pick(attributes, 'completion') !== undefined
  if (usage && operation === undefined && pick(attributes, 'model') !== undefined && !/agent|workflow/i.test(name)) return 'llm'
  return 'other'
}

function placeOf(span: FlatSpan) {
  return {
    timestamp: span.endMs, trace_id: span.traceId, span_id: span.spanId, parent_span_id: span.parentSpanId || undefined,
    environment: pickText(span.resource, 'environment') ?? pickText(span.attributes, 'environment'),
  }
}

/** OTLP's status alone lies: an exception or an error type counts as well. */
function resultOf(span: FlatSpan): Pick<EventInput, 'status' | 'error_type' | 'error_message'> {
  const exception = span.events.find((event) => event.name === 'exception')?.attributes
  const named = pickText(span.attributes, 'error_type')
  const raw = named !== undefined && named !== '_OTHER' && named !== 'unknown' ? named : undefined
  if (span.statusCode !== 2 && exception === undefined && raw === undefined) return { status: 'ok' }
  const httpStatus = pickNumber(span.attributes, 'http_status')
  const thrown = exception?.['exception.type']
  const message = span.statusMessage || exception?.['exception.message']
  return {
    status: 'error',
    error_type: raw ?? (typeof thrown === 'string' && thrown !== '' ? thrown.slice(0, 200) : httpStatus !== undefined && httpStatus >= 400 ? String(httpStatus) : 'unknown'),
    error_message: typeof message === 'string' && message !== '' ? message.slice(0, 32_000) : undefined,
  }
}

function usageOf(span: FlatSpan): Partial<EventInput> {
  const a = span.attributes
  const provider = providerOf(pickText(a, 'provider'))
  const exclusive = EXCLUSIVE_SCOPES.some((scope) => scope.test(span.scope))
  const reported = {
    prompt: pickCount(a, 'prompt'), completion: pickCount(a, 'completion'), total: pickCount(a, 'total'), cached: pickCount(a, 'cached'),
    cacheWrite: pickCount(a, 'cacheWrite'), reasoning: pickCount(a, 'reasoning'),
  }
  const counted = Object.values(reported).some((n) => n !== undefined)
  const tokens = normaliseTokens(reported, { cache: exclusive ? 'exclusive' : 'auto' })
  const cost = pickNumber(a, 'cost_usd')
  const seconds = pickNumber(a, 'first_chunk_s')
  return {
    provider, model: pickText(a, 'model') ?? 'unknown', prompt_version: pickText(a, 'prompt_version'),
    time_to_first_token_ms: seconds !== undefined && seconds >= 0 ? seconds * 1000 : pickNumber(a, 'first_chunk_ms'),
    // A zero that comes with tokens is an instrumentation without prices.
    cost_usd: cost !== undefined && cost > 0 && cost <= 1_000_000 ? cost : undefined,
    ...(counted && {
      tokens_prompt: tokens.prompt, tokens_completion: tokens.completion, tokens_total: tokens.total, tokens_cached: tokens.cached,
      tokens_cache_write: tokens.cacheWrite, tokens_reasoning: tokens.reasoning,
    }),
  }
}

/** "openai.chat" → "openai"; the conventions' own dotted names stay. */
export function providerOf(raw: string | undefined): string | undefined {
  if (raw === undefined) return undefined
  const lower = raw.toLowerCase()
  if (WELL_KNOWN_PROVIDERS.has(lower)) return lower
  return lower.split('.')[0] || undefined
}

function toolOf(span: FlatSpan): string {
  return pickText(span.attributes, 'tool_name') ?? (span.name.replace(/^execute_tool /, '').slice(0, 200) || 'unknown')
}

function contentOf(span: FlatSpan, keepContent: boolean): Partial<EventInput> {
  return keepContent ? { input: pick(span.attributes, 'input'), output: pick(span.attributes, 'output') } : {}
}

/** Retries and fallbacks that the wire shows: a resend count, or span events of those names. */
function marksOf(span: FlatSpan, base: Names & ReturnType<typeof placeOf>): EventInput[] {
  const marks: EventInput[] = []
  const place = { ...base, provider: providerOf(pickText(span.attributes, 'provider')), model: pickText(span.attributes, 'model') }
  const resent = pickCount(span.attributes, 'resend_count')
  if (resent !== undefined && resent > 0) marks.push({ ...place, event_type: 'agent.retry', attempt: Math.min(resent, 10_000) })
  for (const { name, attributes } of span.events) {
    const attempt = Number(attributes.attempt)
    if (name === 'retry' && resent === undefined) {
      marks.push({ ...place, event_type: 'agent.retry', attempt: Number.isInteger(attempt) && attempt > 0 && attempt <= 10_000 ? attempt : 1 })
    } else if (name === 'fallback') {
      marks.push({ ...place, event_type: 'agent.fallback.triggered', fallback_from: named(attributes, 'from.model'), fallback_to: named(attributes, 'to.model') })
    }
  }
  return marks
}

function named(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name]
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined
}

/** Who and what a span belongs to: its own attributes, else its nearest ancestor's, else the resource's. */
function namesOf(span: FlatSpan, byId: Map<string, FlatSpan>): Names {
  const names: Names = {}
  let at: FlatSpan | undefined = span
  for (let depth = 0; at !== undefined && depth < ANCESTORS_MAX; depth++) {
    for (const name of NAMES) names[name] ??= ownName(at, name)
    at = at.parentSpanId === '' ? undefined : byId.get(at.parentSpanId)
  }
  names.agent_id ??= textOf(span.resource['service.name'])
  names.workflow_version ??= textOf(span.resource['service.version'])
  return names
}

function ownName(span: FlatSpan, name: (typeof NAMES)[number]): string | undefined {
  const own = pickText(span.attributes, name)
  if (own !== undefined) return own
  const kind = pickText(span.attributes, 'span_kind')
  if (name === 'workflow_id' && span.name.startsWith('invoke_workflow ')) return span.name.slice('invoke_workflow '.length, 216) || undefined
  if (name === 'workflow_id' && kind === 'workflow') return textOf(span.attributes['traceloop.entity.name'])
  if (name === 'agent_id' && (kind === 'agent' || kind === 'AGENT')) return textOf(span.attributes['traceloop.entity.name']) ?? span.name.slice(0, 200)
  return undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 200) : undefined
}
