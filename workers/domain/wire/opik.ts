import type { RunFacts, RunKind } from '../../contract/wire.ts'
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

type Part = Omit<Operation, 'from'>
const KINDS: Record<string, RunKind> = { llm: 'llm', tool: 'tool', guardrail: 'policy', general: 'step' }
const METADATA = new Set([
  ...['model', 'usage', 'user_id', 'userId', 'session_id', 'sessionId', 'environment', 'agent_id', 'workflow_version'],
])

/** What `opik` 2 tells of; an update of one names what it changes, and repeats which trace it belongs to. */
export type OpikItem = { kind: 'trace' | 'span' | 'score'; isUpdate?: boolean; of?: 'trace' | 'span'; item: unknown }

/** Traces, spans and feedback scores of Opik's clients. */
export function fromOpik(items: readonly OpikItem[]): Messages {
  const gathered = new Gathering()
  items.forEach(({ kind, item: given, isUpdate = false, of = 'trace' }, index) => {
    const item = objectOf(given)
    const id = idOf(item.id)
    if (id === undefined) return gathered.refuse(index, '/id', `A ${kind} needs an id.`)
    if (kind === 'score') return addScore(gathered, index, id, of, item)
    if (kind === 'trace') return gathered.add(index, traceOf(id, item, isUpdate))
    const trace = idOf(item.trace_id)
    if (trace === undefined && !isUpdate)
      return gathered.refuse(index, '/trace_id', 'A span needs the id of its trace.')
    gathered.add(index, spanOf(id, trace, item, isUpdate))
  })
  return gathered.all(items.length)
}

function traceOf(trace: string, item: Json, isUpdate: boolean): Part {
  const metadata = objectOf(item.metadata)
  const name = nameOf(item.name)
  return part(item, isUpdate, {
    id: traceKey(trace),
    trace,
    kind: 'trace',
    workflow_id: name,
    agent_id: firstName(metadata.agent_id, name),
    workflow_version: firstName(metadata.workflow_version),
    session_id: firstName(item.thread_id, metadata.session_id, metadata.sessionId),
    user_id: firstName(metadata.user_id, metadata.userId),
    environment: firstName(metadata.environment),
  })
}

function spanOf(id: string, trace: string | undefined, item: Json, isUpdate: boolean): Part {
  const usage = usageOf(nested(objectOf(item.usage)))
  // Wrapped clients say "general" of calls of a model.
  const kind = usage !== undefined || nameOf(item.model) !== undefined ? 'llm' : KINDS[String(item.type)]
  // An update need not repeat what is above its span; what it repeats it means.
  const parent = idOf(item.parent_span_id) ?? (isUpdate ? undefined : traceKey(trace))
  const answered = objectOf(item.output)
  const tools = kind === 'llm' ? toolsAskedFor(answered.choices ?? answered) : []
  return part(item, isUpdate, {
    id,
    ...(trace !== undefined && { trace }),
    parent,
    kind: kind ?? (isUpdate ? undefined : 'step'),
    ...(kind === 'llm' && {
      model: nameOf(item.model),
      provider: nameOf(item.provider),
      usage,
      cost_usd: numberOf(item.total_estimated_cost),
      ...(tools.length > 0 && { tools }),
    }),
  })
}

function part(item: Json, isUpdate: boolean, facts: RunFacts): Part {
  const failure = isPlainObject(item.error_info) ? failureOf(item.error_info) : undefined
  return {
    facts: {
      create: !isUpdate && item.end_time == null,
      name: nameOf(item.name),
      start_ms: timeOf(item.start_time),
      end_ms: timeOf(item.end_time),
      status: failure ? 'error' : undefined,
      error_type: failure?.error_type,
      ...facts,
    },
    input: item.input,
    output: item.output,
    error_message: failure?.error_message,
    attributes: {
      ...keptOf('metadata.', item.metadata, METADATA),
      ...tagsIn(item.tags),
    },
  }
}

function failureOf({ exception_type, message }: Json): ReturnType<typeof errorOf> {
  return errorOf(typeof message === 'string' ? message : '', nameOf(exception_type))
}

/** `original_usage.prompt_tokens_details.cached_tokens` is what the provider itself counted, in one name. */
function nested(usage: Json): Json {
  const tree: Json = {}
  for (const [name, value] of Object.entries(usage)) {
    const [outer = '', inner] = name.replace(/^original_usage\./, '').split('.')
    if (inner === undefined) tree[outer] ??= value
    else tree[outer] = { ...objectOf(tree[outer]), [inner]: value }
  }
  return tree
}

function addScore(gathered: Gathering, index: number, id: string, of: 'trace' | 'span', item: Json): void {
  const name = nameOf(item.name)?.slice(0, 64)
  const value = numberOf(item.value)
  if (name === undefined || value === undefined)
    return gathered.refuse(index, '/value', 'A score needs a name and a number.')
  const reason = typeof item.reason === 'string' ? { reason: item.reason.slice(0, 1000) } : {}
  const parent = of === 'trace' ? traceKey(id) : id
  gathered.add(index, {
    facts: { id: `${id}.${encodeURIComponent(name)}`, kind: 'score', parent, ...(of === 'trace' && { trace: id }) },
    scores: { [name]: value },
    attributes: reason,
  })
}
