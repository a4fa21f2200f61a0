import type { RunFacts, RunKind } from '../../contract/wire.ts'
import { isPlainObject } from '../event-check.ts'
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
const KINDS: Record<string, RunKind> = { llm: 'llm', tool: 'tool', task: 'agent' }
const METADATA = new Set([
  ...['model', 'provider', 'tools', 'user_id', 'userId', 'session_id', 'sessionId', 'thread_id', 'environment'],
  'workflow_version',
])

/**
 * Rows of `POST /logs3` (`braintrust` 3): a span as far as it is known, and what is merged into it by `_is_merge`. Numbers of
 * time are seconds.
 */
export function fromBraintrust(rows: readonly unknown[]): Messages {
  const gathered = new Gathering()
  rows.forEach((given, index) => {
    const row = objectOf(given)
    const id = idOf(row.span_id)
    // What people say of a row later names it by an id that its span does not have.
    if (id === undefined && row._is_merge === true && idOf(row.id) !== undefined) return
    const trace = idOf(row.root_span_id)
    if (id === undefined) return gathered.refuse(index, '/span_id', 'A row needs the id of its span.')
    if (trace === undefined) return gathered.refuse(index, '/root_span_id', 'A row needs the id of its root span.')
    gathered.add(index, spanOf(id, trace, row))
    const scores = scoresOf(row.scores)
    if (scores) gathered.add(index, scoreOf(id, trace, scores, row))
  })
  return gathered.all(rows.length)
}

function spanOf(id: string, trace: string, row: Json): Part {
  const about = objectOf(row.span_attributes)
  const metrics = objectOf(row.metrics)
  const metadata = objectOf(row.metadata)
  const [parent] = Array.isArray(row.span_parents) ? (row.span_parents as unknown[]) : []
  const failure = row.error == null ? undefined : failureOf(row.error)
  const name = nameOf(about.name)
  const kind = KINDS[String(about.type)] ?? (isPlainObject(row.span_attributes) ? 'step' : undefined)
  const start_ms = timeOf(metrics.start)
  const end_ms = timeOf(metrics.end)
  // Of a later row that merges, no parent is not the root.
  const isRoot = row._is_merge !== true && parent === undefined
  const facts: RunFacts = {
    id,
    trace,
    create: row._is_merge !== true && end_ms === undefined,
    parent: idOf(parent),
    kind,
    name,
    start_ms,
    end_ms,
    status: failure ? 'error' : undefined,
    error_type: failure?.error_type,
    agent_id: kind === 'agent' ? name : undefined,
    workflow_id: isRoot ? name : undefined,
    workflow_version: firstName(metadata.workflow_version),
    user_id: firstName(metadata.user_id, metadata.userId),
    session_id: firstName(metadata.session_id, metadata.sessionId, metadata.thread_id),
    environment: firstName(metadata.environment),
    ...((kind === 'llm' || kind === undefined) && callOf(row, metrics, metadata)),
  }
  return {
    facts,
    input: row.input,
    output: row.output,
    error_message: failure?.error_message,
    attributes: {
      ...keptOf('metadata.', metadata, METADATA),
      ...tagsIn(row.tags),
    },
  }
}

function callOf(row: Json, metrics: Json, metadata: Json): Partial<RunFacts> {
  const usage = usageOf({ ...metrics, total_tokens: metrics.tokens })
  const first = numberOf(metrics.time_to_first_token)
  const [answer] = Array.isArray(row.output) ? (row.output as unknown[]) : []
  const tools = toolsAskedFor(objectOf(answer).message ?? row.output)
  return {
    model: nameOf(metadata.model),
    provider: nameOf(metadata.provider),
    usage,
    first_token_ms: first === undefined || first < 0 ? undefined : Math.round(first * 1000),
    ...(tools.length > 0 && { tools }),
  }
}

/** Text with a stack below it, or whatever was thrown. */
function failureOf(error: unknown): ReturnType<typeof errorOf> {
  if (typeof error === 'string') return errorOf(error)
  const { name, message } = objectOf(error)
  return errorOf(typeof message === 'string' ? message : JSON.stringify(error), nameOf(name))
}

function scoresOf(scores: unknown): Record<string, number> | undefined {
  const numbers = Object.entries(objectOf(scores)).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
  )
  return numbers.length > 0
    ? Object.fromEntries(numbers.slice(0, 32).map(([name, value]) => [name.slice(0, 64), value]))
    : undefined
}

function scoreOf(span: string, trace: string, scores: Record<string, number>, row: Json): Part {
  const id = `${span}.${Object.keys(scores).map(encodeURIComponent).join('.')}`.slice(0, 200)
  return { facts: { id, kind: 'score', trace, parent: span, end_ms: timeOf(objectOf(row.metrics).end) }, scores }
}
