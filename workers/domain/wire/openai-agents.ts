import type { RunFacts } from '../../contract/wire.ts'
import { isPlainObject } from '../event-check.ts'
import { traceKey } from './book.ts'
import { Gathering, type Messages, type Operation } from './operation.ts'
import { errorOf, firstName, idOf, keptOf, nameOf, objectOf, timeOf, type Json } from './read.ts'
import { firstUsage, usageOf } from './usage.ts'

type Part = Omit<Operation, 'from'>
const METADATA = new Set(['user_id', 'userId', 'workflow_version', 'environment'])

/** Traces and spans of the OpenAI Agents SDK's exporter (`POST …/traces/ingest`, `{data: […]}`), in any order. */
export function fromOpenAiAgents(data: readonly unknown[]): Messages {
  const items = data.map(objectOf)
  const calls = callsOfTurns(items)
  const gathered = new Gathering()
  items.forEach((item, index) => {
    if (item.object !== 'trace' && item.object !== 'trace.span')
      return gathered.refuse(index, '/object', 'Must be "trace" or "trace.span".')
    const id = idOf(item.id)
    if (id === undefined) return gathered.refuse(index, '/id', 'A trace or span needs an id.')
    if (item.object === 'trace') return gathered.add(index, traceOf(id, item))
    const trace = idOf(item.trace_id)
    if (trace === undefined) return gathered.refuse(index, '/trace_id', 'A span needs the id of its trace.')
    gathered.add(index, spanOf(id, traceIdOf(trace), item, calls))
  })
  gathered.addTraces()
  return gathered.all(data.length)
}

/** `trace_<32 hex>`: the hex is what other signals of the same run would carry. */
function traceIdOf(id: string): string {
  return id.replace(/^trace_/, '')
}

function traceOf(id: string, item: Json): Part {
  const metadata = objectOf(item.metadata)
  const trace = traceIdOf(id)
  const name = nameOf(item.workflow_name)
  const facts: RunFacts = {
    id: traceKey(trace),
    kind: 'trace',
    trace,
    name,
    workflow_id: name,
    workflow_version: firstName(metadata.workflow_version),
    session_id: nameOf(item.group_id),
    user_id: firstName(metadata.user_id, metadata.userId),
    environment: firstName(metadata.environment),
  }
  return { facts, attributes: keptOf('metadata.', metadata, METADATA) }
}

function spanOf(id: string, trace: string, item: Json, calls: TurnCalls): Part {
  const data = objectOf(item.span_data)
  const failure = failureOf(item.error)
  const facts: RunFacts = {
    id,
    trace,
    parent: idOf(item.parent_id) ?? traceKey(trace),
    start_ms: timeOf(item.started_at),
    end_ms: timeOf(item.ended_at),
    status: failure ? 'error' : undefined,
    error_type: failure?.error_type,
    kind: 'step',
    name: firstName(data.name, data.type),
  }
  const part: Part = { facts, error_message: failure?.error_message }
  const type = data.type
  if (type === 'generation') return { ...part, ...contentOf(data), facts: { ...facts, ...generationOf(data) } }
  if (type === 'response')
    return { ...part, ...contentOf(data), facts: { ...facts, ...responseOf(id, data, calls, failure) } }
  if (type === 'function') return { ...part, ...contentOf(data), facts: { ...facts, kind: 'tool' } }
  if (type === 'agent') return { ...part, facts: { ...facts, kind: 'agent', agent_id: nameOf(data.name) } }
  if (type === 'handoff') {
    const handoff = { from_agent: nameOf(data.from_agent), to_agent: nameOf(data.to_agent) }
    return { ...part, facts: { ...facts, name: 'handoff' }, attributes: keptOf('', handoff) }
  }
  if (type === 'guardrail') {
    const policy_result = data.triggered === true ? 'block' : 'allow'
    return { ...part, facts: { ...facts, kind: 'policy' }, policy_result }
  }
  if (type !== 'custom') return part
  return {
    ...part,
    facts: { ...facts, ...turnOf(id, data, calls) },
    attributes: keptOf('data.', data.data, new Set(['usage'])),
  }
}

function failureOf(error: unknown): ReturnType<typeof errorOf> | undefined {
  if (!isPlainObject(error)) return undefined
  const message = typeof error.message === 'string' ? error.message : ''
  // The SDK's own sentence hides what the run ended with.
  const inner = objectOf(error.data).error
  const isOwn = message === 'Error in agent run' || message.startsWith('Error running tool')
  return errorOf(isOwn && typeof inner === 'string' ? inner : message)
}

const contentOf = (data: Json) => ({ input: data.input, output: data.output })

function generationOf(data: Json): Partial<RunFacts> {
  const answer = objectOf(Array.isArray(data.output) ? data.output[0] : undefined)
  return {
    kind: 'llm',
    provider: 'openai',
    name: 'generation',
    model: firstName(answer.model, data.model),
    response_id: nameOf(answer.id),
    service_tier: nameOf(answer.service_tier),
    usage: firstUsage(data.usage, answer.usage),
  }
}

/** The usage of a call is on its turn, beside it; of a model the SDK says nothing here. */
function responseOf(id: string, data: Json, { ofResponse }: TurnCalls, failure: unknown): Partial<RunFacts> {
  const usage = firstUsage(data.usage) ?? ofResponse.get(id)
  const model = firstName(data.model, objectOf(data.response).model)
  if (usage === undefined && !failure) return { name: 'response', response_id: nameOf(data.response_id) }
  return { kind: 'llm', provider: 'openai', name: 'response', model, usage, response_id: nameOf(data.response_id) }
}

/** A turn is a call where what it calls is not told in the same request. */
function turnOf(id: string, data: Json, { ofTurn }: TurnCalls): Partial<RunFacts> {
  const inner = objectOf(data.data)
  const agent_id = nameOf(inner.agent_name)
  if (inner.sdk_span_type !== 'turn') return { name: firstName(data.name), agent_id }
  const usage = usageOf(inner.usage)
  if (usage === undefined || usage.total === 0 || ofTurn.has(id)) return { agent_id }
  return { kind: 'llm', provider: 'openai', usage, agent_id }
}

interface TurnCalls {
  /** Turns whose call is told beside them. */
  ofTurn: Set<string>
  /** Responses that take the usage of their turn. */
  ofResponse: Map<string, NonNullable<ReturnType<typeof usageOf>>>
}

function callsOfTurns(items: readonly Json[]): TurnCalls {
  const turns = new Map<string, NonNullable<ReturnType<typeof usageOf>>>()
  for (const item of items) {
    const inner = objectOf(objectOf(item.span_data).data)
    const usage = inner.sdk_span_type === 'turn' ? usageOf(inner.usage) : undefined
    const id = idOf(item.id)
    if (id !== undefined && usage !== undefined && usage.total > 0) turns.set(id, usage)
  }
  const calls: TurnCalls = { ofTurn: new Set(), ofResponse: new Map() }
  for (const item of items) {
    const { type } = objectOf(item.span_data)
    const [id, parent] = [idOf(item.id), idOf(item.parent_id)]
    if (id === undefined || parent === undefined || (type !== 'response' && type !== 'generation')) continue
    const usage = turns.get(parent)
    if (usage === undefined || calls.ofTurn.has(parent)) continue
    if (type === 'generation') calls.ofTurn.add(parent)
    else if (!isPlainObject(item.error)) {
      calls.ofTurn.add(parent)
      calls.ofResponse.set(id, usage)
    }
  }
  return calls
}
