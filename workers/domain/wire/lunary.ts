import type { RunFacts, RunKind } from '../../contract/wire.ts'
import { isPlainObject } from '../event-check.ts'
import { Gathering, type Messages, type Operation } from './operation.ts'
import { errorOf, firstName, idOf, keptOf, nameOf, objectOf, timeOf, tagsIn, type Json } from './read.ts'
import { usageOf } from './usage.ts'

const KINDS: Record<string, RunKind> = {
  llm: 'llm',
  embed: 'llm',
  tool: 'tool',
  agent: 'agent',
  chain: 'step',
  retriever: 'step',
  thread: 'thread',
  chat: 'thread',
}
const METADATA = new Set(['sessionId', 'session_id', 'userId', 'user_id', 'environment'])

/** Events of `POST /v1/runs/ingest` (`lunary` 1): a run's start, and its end or error, each told for itself. */
export function fromLunary(events: readonly unknown[]): Messages {
  const gathered = new Gathering()
  events.forEach((given, index) => {
    const event = objectOf(given)
    const id = idOf(event.runId)
    if (id === undefined) return gathered.refuse(index, '/runId', 'An event needs the id of its run.')
    if (!['start', 'end', 'error', 'chat', 'update', 'feedback', 'custom-event', 'log'].includes(String(event.event)))
      return gathered.refuse(index, '/event', 'Must be "start", "end" or "error".')
    const at = timeOf(event.timestamp)
    if (at === undefined) return gathered.refuse(index, '/timestamp', 'An event needs a time.')
    const part = operationOf(id, at, event)
    if (part) gathered.add(index, part)
  })
  return gathered.all(events.length)
}

function operationOf(id: string, at: number, event: Json): Omit<Operation, 'from'> | null {
  const kind = KINDS[String(event.type)]
  const metadata = objectOf(event.metadata)
  const parent = idOf(event.parentRunId)
  // A message of a conversation is no work of its own; what is below it belongs to the conversation.
  if (kind === 'thread')
    return { facts: { id, kind, trace: id, session_id: nameOf(event.parentRunId), user_id: nameOf(event.userId) } }
  if (event.event !== 'start' && event.event !== 'end' && event.event !== 'error') return null
  const failure = event.event === 'error' ? failureOf(event.error) : undefined
  const name = nameOf(event.name)
  const facts: RunFacts = {
    id,
    create: event.event === 'start',
    kind: kind ?? 'step',
    parent,
    name,
    start_ms: event.event === 'start' ? at : undefined,
    end_ms: event.event === 'start' ? undefined : at,
    status: failure ? 'error' : undefined,
    error_type: failure?.error_type,
    agent_id: kind === 'agent' ? name : undefined,
    workflow_id: parent === undefined && event.event === 'start' ? name : undefined,
    user_id: firstName(event.userId, metadata.userId, metadata.user_id),
    session_id: firstName(metadata.sessionId, metadata.session_id),
    environment: firstName(metadata.environment),
    prompt_version: firstName(event.templateVersionId, event.templateId),
    ...(kind === 'llm' && { model: name, usage: usageOf(event.tokensUsage) }),
  }
  return {
    facts,
    input: event.input,
    output: event.output,
    error_message: failure?.error_message,
    attributes: {
      ...keptOf('metadata.', metadata, METADATA),
      ...tagsIn(event.tags),
    },
  }
}

function failureOf(error: unknown): ReturnType<typeof errorOf> {
  if (!isPlainObject(error)) return errorOf(typeof error === 'string' ? error : '')
  const stack = typeof error.stack === 'string' ? /^([A-Za-z_$][\w$.]{0,99}):/.exec(error.stack)?.[1] : undefined
  return errorOf(typeof error.message === 'string' ? error.message : '', stack)
}
