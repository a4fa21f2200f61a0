import type { RunFacts, RunKind } from '../../contract/wire.ts'
import { providerNamed } from '../provider.ts'
import { isPlainObject } from '../event-check.ts'
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
  tagsIn,
} from './read.ts'
import { usageOf } from './usage.ts'

/** Events of `POST /api/public/ingestion` (`langfuse` 2 and 3) by what stands before `-create` or `-update`. */
const KINDS: Record<string, RunKind> = {
  span: 'step',
  generation: 'llm',
  embedding: 'llm',
  agent: 'agent',
  tool: 'tool',
  chain: 'step',
  retriever: 'step',
  evaluator: 'step',
  guardrail: 'step',
  event: 'step',
  observation: 'step',
}
const METADATA = new Set(['user_id', 'userId', 'session_id', 'sessionId', 'ls_provider', 'ls_model_name'])

type Part = Omit<Operation, 'from'>

/** A batch as operations. A trace is above what names no other parent, and ends with it, or once its output is told. */
export function fromLangfuse(batch: readonly unknown[]): Messages {
  const gathered = new Gathering()
  batch.forEach((given, index) => {
    const event = objectOf(given)
    const type = typeof event.type === 'string' ? event.type : ''
    if (!isPlainObject(event.body)) return gathered.refuse(index, '/body', 'An event needs a body.')
    if (type === 'sdk-log') return
    const part = type === 'trace-create' ? traceOf(event.body, event) : partOf(type, event.body, event)
    if (typeof part === 'string') gathered.refuse(index, part, refusals[part] ?? 'cannot be read')
    else gathered.add(index, part)
  })
  gathered.addTraces()
  return gathered.all(batch.length)
}

const refusals: Record<string, string> = {
  '/type': 'There is no such type of event.',
  '/body/id': 'The body needs an id.',
  '/body/traceId': 'The body needs the id of its trace.',
  '/body/value': 'A score needs a name and a value.',
}

function partOf(type: string, body: Json, event: Json): Part | string {
  if (type === 'score-create') return scoreOf(body, event)
  const match = /^([a-z]+)-(create|update)$/.exec(type)
  const kind = match?.[1] === undefined ? undefined : KINDS[match[1]]
  if (kind === undefined) return '/type'
  const id = idOf(body.id)
  if (id === undefined) return '/body/id'
  const isCreate = match?.[2] === 'create'
  const written = timeOf(event.timestamp)
  if (match?.[1] === 'event') return instantOf(id, body, written)
  const trace = idOf(body.traceId)
  const isFailed = body.level === 'ERROR'
  const failure = isFailed ? errorOf(messageOf(body)) : undefined
  const started = timeOf(body.startTime) ?? (isCreate ? written : undefined)
  const call = kind === 'llm' ? callOf(body) : undefined
  // Whoever writes generations by hand seldom says when they ended.
  const isTold = call !== undefined && (call.usage !== undefined || body.output != null)
  const facts: RunFacts = {
    id,
    create: isCreate,
    kind,
    trace,
    name: nameOf(body.name),
    parent: idOf(body.parentObservationId) ?? (isCreate && trace !== undefined ? traceKey(trace) : undefined),
    start_ms: started,
    end_ms: timeOf(body.endTime) ?? (isTold || failure ? (timeOf(body.completionStartTime) ?? written) : undefined),
    status: failure ? 'error' : undefined,
    error_type: failure?.error_type,
    environment: nameOf(body.environment),
    workflow_version: nameOf(body.version),
    agent_id: kind === 'agent' || isOutermost(match?.[1], isCreate, body) ? nameOf(body.name) : undefined,
    ...call,
    ...(call && firstTokenOf(body, started)),
  }
  return {
    facts,
    input: body.input,
    output: body.output,
    error_message: failure?.error_message,
    attributes: aboutOf(body),
  }
}

/** Before there were observations of type agent, the outermost span stood for it. */
function isOutermost(type: string | undefined, isCreate: boolean, body: Json): boolean {
  return type === 'span' && isCreate && body.parentObservationId == null
}

function traceOf(body: Json, event: Json): Part | string {
  const trace = idOf(body.id)
  if (trace === undefined) return '/body/id'
  const metadata = objectOf(body.metadata)
  const at = timeOf(body.timestamp) ?? timeOf(event.timestamp)
  const name = nameOf(body.name)
  const facts: RunFacts = {
    id: traceKey(trace),
    kind: 'trace',
    trace,
    name,
    workflow_id: name,
    workflow_version: firstName(body.version, body.release),
    start_ms: at,
    end_ms: body.output == null ? undefined : at,
    user_id: firstName(body.userId, metadata.user_id, metadata.userId),
    session_id: firstName(body.sessionId, metadata.session_id, metadata.sessionId),
    environment: nameOf(body.environment),
  }
  return { facts, input: body.input, output: body.output, attributes: aboutOf(body) }
}

function callOf(body: Json): Partial<RunFacts> {
  const metadata = objectOf(body.metadata)
  const details = objectOf(body.usageDetails)
  const counted = Object.keys(details).length > 0 ? details : objectOf(body.usage)
  // LangChain's handler takes the parts out of the sums, which only a total would show otherwise.
  const isApart = 'input_cache_read' in counted && counted.total == null
  const usage = usageOf(counted, isApart ? { cache: 'exclusive', reasoningApart: true } : { cache: 'auto' })
  const tools = toolsAskedFor(body.output)
  const costs = objectOf(body.costDetails)
  return {
    model: firstName(body.model),
    provider: providerNamed(nameOf(metadata.ls_provider)),
    prompt_version: nameOf(body.promptVersion),
    usage: usage !== undefined && usage.total > 0 ? usage : undefined,
    cost_usd: numberOf(costs.total) ?? numberOf(objectOf(body.usage).totalCost),
    ...(tools.length > 0 && { tools }),
  }
}

function firstTokenOf(body: Json, started: number | undefined): Partial<RunFacts> {
  const first = timeOf(body.completionStartTime)
  return first !== undefined && started !== undefined && first >= started ? { first_token_ms: first - started } : {}
}

/** A moment: a fallback or a retry by its name, else a step that took no time. */
function instantOf(id: string, body: Json, written: number | undefined): Part | string {
  const trace = idOf(body.traceId)
  if (trace === undefined) return '/body/traceId'
  const at = timeOf(body.startTime) ?? written
  const metadata = objectOf(body.metadata)
  const name = nameOf(body.name)
  const kind = name === 'fallback' || name === 'retry' ? name : 'step'
  const failure = body.level === 'ERROR' ? errorOf(messageOf(body)) : undefined
  return {
    facts: {
      id,
      kind,
      trace,
      name,
      parent: idOf(body.parentObservationId) ?? traceKey(trace),
      start_ms: at,
      end_ms: at,
      status: failure && 'error',
      error_type: failure?.error_type,
      environment: nameOf(body.environment),
    },
    input: body.input,
    output: body.output,
    error_message: failure?.error_message,
    attributes: aboutOf(body),
    ...(kind === 'fallback' && {
      fallback: {
        from: firstName(metadata.from, metadata.from_model, metadata.fallback_from),
        to: firstName(metadata.to, metadata.to_model, metadata.fallback_to),
      },
    }),
  }
}

function scoreOf(body: Json, event: Json): Part | string {
  const trace = idOf(body.traceId)
  if (trace === undefined) return '/body/traceId'
  const name = nameOf(body.name)?.slice(0, 64)
  const value = typeof body.value === 'boolean' ? Number(body.value) : body.value
  if (name === undefined || (typeof value !== 'number' && typeof value !== 'string')) return '/body/value'
  const number = typeof value === 'number' && Number.isFinite(value) ? value : undefined
  return {
    facts: {
      id: idOf(body.id) ?? `${trace}.${encodeURIComponent(name)}`,
      kind: 'score',
      trace,
      parent: idOf(body.observationId) ?? traceKey(trace),
      end_ms: timeOf(body.timestamp) ?? timeOf(event.timestamp),
      environment: nameOf(body.environment),
    },
    ...(number !== undefined && { scores: { [name]: number } }),
    attributes: {
      ...(number === undefined && { [`score.${name}`]: String(value).slice(0, 200) }),
      ...(typeof body.comment === 'string' && { reason: body.comment.slice(0, 1000) }),
    },
  }
}

function messageOf({ statusMessage }: Json): string {
  return typeof statusMessage === 'string' ? statusMessage : ''
}

function aboutOf(body: Json): Json {
  return {
    ...keptOf('metadata.', body.metadata, METADATA),
    ...tagsIn(body.tags),
    ...(nameOf(body.release) && { release: nameOf(body.release) }),
    ...(nameOf(body.promptName) && { 'prompt.name': nameOf(body.promptName) }),
  }
}
