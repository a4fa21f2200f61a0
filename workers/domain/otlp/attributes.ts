import { isContentName } from '../content-names.ts'
import { COUNT_MAX, ID_CHARS_MAX } from '../../contract/event.ts'
import { cutWhole } from '../pii/redact.ts'
import type { Attributes, FlatSpan } from './span.ts'

/** Canonical field ← the first attribute that is present, over the generations of the conventions. */
export const SOURCES = {
  operation: ['gen_ai.operation.name'],
  provider: ['gen_ai.provider.name', 'gen_ai.system', 'llm.provider', 'llm.system', 'ai.model.provider'],
  model: ['gen_ai.response.model', 'gen_ai.request.model', 'llm.response.model_name', 'llm.model_name', 'ai.model.id'],
  agent_id: ['gen_ai.agent.id', 'gen_ai.agent.name', 'agent.name', 'ai.telemetry.functionId', 'gen_ai.function_id'],
  workflow_id: ['gen_ai.workflow.name', 'traceloop.workflow.name'],
  workflow_version: ['traceloop.entity.version', 'gen_ai.agent.version'],
  user_id: ['user.id', 'enduser.id', 'traceloop.association.properties.user_id', 'ai.telemetry.metadata.userId'],
  session_id: [
    'gen_ai.conversation.id',
    'session.id',
    'traceloop.association.properties.session_id',
    'ai.telemetry.metadata.sessionId',
  ],
  prompt_version: ['gen_ai.prompt.version', 'llm.prompt_template.version', 'ai.telemetry.metadata.promptVersion'],
  tool_name: ['gen_ai.tool.name', 'tool.name', 'ai.toolCall.name'],
  prompt: [
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'llm.token_count.prompt',
    'ai.usage.inputTokens',
    'ai.usage.promptTokens',
    'ai.usage.tokens',
  ],
  completion: [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'llm.token_count.completion',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
  ],
  total: ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens', 'llm.token_count.total', 'ai.usage.totalTokens'],
  cached: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'llm.token_count.prompt_details.cache_read',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'ai.usage.cachedInputTokens',
  ],
  cacheWrite: [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'llm.token_count.prompt_details.cache_write',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
  ],
  reasoning: [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'llm.token_count.completion_details.reasoning',
    'ai.usage.outputTokenDetails.reasoningTokens',
    'ai.usage.reasoningTokens',
  ],
  cost_usd: ['gen_ai.usage.cost', 'llm.cost.total'],
  first_chunk_s: ['gen_ai.response.time_to_first_chunk'],
  first_chunk_ms: ['ai.response.msToFirstChunk'],
  resend_count: ['http.request.resend_count'],
  error_type: ['error.type'],
  http_status: ['http.response.status_code'],
  environment: ['deployment.environment.name', 'deployment.environment'],
  span_kind: ['openinference.span.kind', 'traceloop.span.kind'],
  vercel_operation: ['ai.operationId'],
  input: [
    'gen_ai.input.messages',
    'input.value',
    'traceloop.entity.input',
    'ai.prompt.messages',
    'ai.prompt',
    'ai.toolCall.args',
    'gen_ai.tool.call.arguments',
  ],
  output: [
    'gen_ai.output.messages',
    'output.value',
    'traceloop.entity.output',
    'ai.response.text',
    'ai.toolCall.result',
    'gen_ai.tool.call.result',
  ],
} as const satisfies Record<string, readonly string[]>

export type Source = keyof typeof SOURCES

/** The first present value of a source; null and empty strings count as absent. */
export function pick(attributes: Attributes, source: Source): unknown {
  for (const name of SOURCES[source]) {
    const value = attributes[name]
    if (value !== undefined && value !== null && value !== '') return value
  }
  return undefined
}

/** As an identifier within the schema's limit. */
export function pickText(attributes: Attributes, source: Source): string | undefined {
  return textOf(pick(attributes, source))
}

export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : cut(value, ID_CHARS_MAX)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** Never in the middle of a character. */
function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : text.slice(0, charsMax).toWellFormed()
}

/** As a number; numbers as strings occur on the wire. */
export function pickNumber(attributes: Attributes, source: Source): number | undefined {
  const value = pick(attributes, source)
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** As a token count. */
export function pickCount(attributes: Attributes, source: Source): number | undefined {
  const number = pickNumber(attributes, source)
  return number !== undefined && number >= 0 ? Math.min(Math.floor(number), COUNT_MAX) : undefined
}

/** What only a call of a model turns into fields; on other spans it is a roll-up and stays an attribute. */
const OF_CALLS: readonly Source[] = [
  'provider',
  'model',
  'prompt_version',
  'prompt',
  'completion',
  'total',
  'cached',
  'cacheWrite',
  'reasoning',
  'cost_usd',
  'first_chunk_s',
  'first_chunk_ms',
]
const namesOf = (sources: readonly Source[]) => new Set<string>(sources.flatMap((source) => SOURCES[source]))
const ALL = Object.keys(SOURCES) as Source[]
const CONSUMED_BY_CALLS = namesOf(ALL)
const CONSUMED = namesOf(ALL.filter((source) => !OF_CALLS.includes(source)))
const KEPT_MAX = 64
const CHARS_MAX = 1024
const KEPT_CHARS_MAX = 12_000

/** What the mapping did not use, bounded, and without content unless the project keeps it. */
export function keptAttributes(span: FlatSpan, isCall: boolean, keepContent: boolean): Attributes | undefined {
  const consumed = isCall ? CONSUMED_BY_CALLS : CONSUMED
  const kept: Attributes = span.scope === '' ? {} : { 'otel.scope.name': cut(span.scope, CHARS_MAX) }
  // What is redacted later must not be cut in two here.
  const cutText = keepContent ? cutWhole : cut
  let n = 0
  let chars = 0
  for (const name in span.attributes) {
    const value = span.attributes[name]
    if (value === null || name === '' || name.length > ID_CHARS_MAX || consumed.has(name)) continue
    if (!keepContent && isContentName(name)) continue
    const bounded = typeof value === 'string' && value.length > CHARS_MAX ? `${cutText(value, CHARS_MAX)}…` : value
    chars += name.length + (typeof bounded === 'string' ? bounded.length : JSON.stringify(bounded).length)
    if (++n > KEPT_MAX || chars > KEPT_CHARS_MAX) break
    kept[name] = bounded
  }
  return kept
}
