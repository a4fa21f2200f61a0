import type { RunFacts, RunKind } from '../../contract/wire.ts'
import { providerNamed } from '../provider.ts'
import { traceKey } from './book.ts'
import { Gathering, type Messages, type Operation } from './operation.ts'
import {
  errorOf,
  firstName,
  idOf,
  keptOf,
  nameOf,
  numberOf,
  objectOf,
  timeOf,
  toolsAskedFor,
  type Json,
} from './read.ts'
import { usageOf } from './usage.ts'

const KINDS: Record<string, RunKind> = {
  $ai_generation: 'llm',
  $ai_embedding: 'llm',
  $ai_span: 'step',
  $ai_trace: 'trace',
}

/**
 * Events of PostHog's clients (`POST /batch/`): those of its LLM analytics, each told once it is over. Others are passed
 * over. A timestamp is the end of what it tells.
 */
export function fromPostHog(events: readonly unknown[], sentAtMs: number): Messages {
  const gathered = new Gathering()
  events.forEach((given, index) => {
    const event = objectOf(given)
    const kind = typeof event.event === 'string' && Object.hasOwn(KINDS, event.event) ? KINDS[event.event] : undefined
    if (kind === undefined) return
    const properties = objectOf(event.properties)
    const trace = idOf(properties.$ai_trace_id)
    if (trace === undefined) return gathered.refuse(index, '/properties/$ai_trace_id', 'An event needs its trace.')
    const end = timeOf(event.timestamp) ?? sentAtMs
    const own = idOf(properties.$ai_span_id) ?? idOf(properties.$ai_generation_id) ?? idOf(event.uuid)
    const id = kind === 'trace' ? traceKey(trace) : (own ?? `${trace}.${index}.${end}`)
    gathered.add(index, operationOf({ id, kind, trace, end }, event, properties))
  })
  gathered.addTraces()
  return gathered.all(events.length)
}

interface Place {
  id: string
  kind: RunKind
  trace: string
  end: number
}

function operationOf({ id, kind, trace, end }: Place, event: Json, properties: Json): Omit<Operation, 'from'> {
  const parent = idOf(properties.$ai_parent_id)
  const failure =
    properties.$ai_is_error === true || properties.$ai_is_error === 'true' ? failureOf(properties) : undefined
  const seconds = numberOf(properties.$ai_latency)
  const name = firstName(properties.$ai_span_name, properties.$ai_trace_name)
  const facts: RunFacts = {
    id,
    trace,
    kind,
    name: name ?? nameOf(event.event)?.replace('$ai_', ''),
    parent: kind === 'trace' ? undefined : parent === undefined || parent === trace ? traceKey(trace) : parent,
    start_ms: seconds === undefined ? undefined : end - seconds * 1000,
    end_ms: end,
    status: failure ? 'error' : undefined,
    error_type: failure?.error_type,
    workflow_id: kind === 'trace' ? name : undefined,
    agent_id: firstName(properties.$ai_agent_name, properties.agent_id, properties.agent_name, properties.agent),
    user_id: nameOf(event.distinct_id) ?? nameOf(properties.distinct_id),
    session_id: firstName(properties.$ai_session_id),
    environment: firstName(properties.environment, properties.$environment),
    ...(kind === 'llm' && callOf(properties)),
  }
  const labels = Object.entries(properties).filter(([label]) => !label.startsWith('$'))
  return {
    facts,
    input: properties.$ai_input ?? properties.$ai_input_state,
    output: properties.$ai_output_choices ?? properties.$ai_output_state,
    error_message: failure?.error_message,
    attributes: keptOf('', Object.fromEntries(labels)),
  }
}

function callOf(properties: Json): Partial<RunFacts> {
  const first = numberOf(properties.$ai_time_to_first_token)
  const tools = toolsAskedFor(properties.$ai_output_choices)
  // Anthropic's own counts leave the cache out; the client says so where it knows.
  const isApart = properties.$ai_cache_reporting_exclusive === true
  const usage = usageOf(
    {
      input_tokens: properties.$ai_input_tokens,
      output_tokens: properties.$ai_output_tokens,
      cached_input_tokens: properties.$ai_cache_read_input_tokens,
      cache_creation_input_tokens: properties.$ai_cache_creation_input_tokens,
      reasoning_tokens: properties.$ai_reasoning_tokens,
    },
    { cache: isApart ? 'exclusive' : 'auto' },
  )
  return {
    provider: providerNamed(nameOf(properties.$ai_provider)),
    model: nameOf(properties.$ai_model),
    response_id: nameOf(properties.$ai_completion_id),
    usage: usage !== undefined && usage.total > 0 ? usage : undefined,
    cost_usd: numberOf(properties.$ai_total_cost_usd),
    prompt_version: firstName(properties.$ai_prompt_version),
    ...(first !== undefined && first >= 0 && { first_token_ms: first * 1000 }),
    ...(tools.length > 0 && { tools }),
  }
}

/** An error comes as text, or as the JSON of one. */
function failureOf(properties: Json): ReturnType<typeof errorOf> {
  const status = numberOf(properties.$ai_http_status)
  const given = status !== undefined && status >= 400 ? String(status) : undefined
  const error = properties.$ai_error
  let told = objectOf(error)
  if (typeof error === 'string') {
    try {
      told = objectOf(JSON.parse(error))
    } catch {
      return errorOf(error, given)
    }
  }
  return errorOf(typeof told.message === 'string' ? told.message : '', given ?? nameOf(told.name))
}
