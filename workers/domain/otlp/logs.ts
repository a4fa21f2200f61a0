import type { EventInput } from '../../contract/event.ts'
import { textOf } from './attributes.ts'
import { logKindOf, logNameOf, type LogKind } from './log-events.ts'
import type { FlatLog } from './log-record.ts'
import { eventsOf, MAPPER_VERSION } from './mapper.ts'
import { whoTells } from './marks.ts'
import type { Node } from './node.ts'
import { placeSpans } from './payload.ts'
import { runOf } from './run-id.ts'
import { accountsOf, clientOf } from './session-call.ts'
import type { Attributes, FlatSpan } from './span.ts'

/** What one record became. */
export interface LogEvents {
  /** Its place in the request. */
  index: number
  events: EventInput[]
  /** A span may tell the same: the record was made within one, or its client does not say. */
  isRetold: boolean
  /** Whose calls it tells of. */
  accounts: string[]
}

export interface MappedLogs {
  groups: LogEvents[]
  /** Records that tell nothing that becomes an event. */
  leftOut: number
}

interface Named {
  index: number
  log: FlatLog
  name: string
  kind: LogKind
}

/**
 * Maps the log records of one payload to event inputs, by one table of event names (log-events.ts) and the same facts as
 * spans; the caller checks each as any other event. What people and models said is kept where the project keeps content.
 */
export function eventsOfLogs(logs: readonly FlatLog[], keepContent: boolean): MappedLogs {
  const named: Named[] = []
  logs.forEach((log, index) => {
    const name = logNameOf(log)
    const kind = name === undefined ? undefined : logKindOf(log, name)
    if (name !== undefined && kind !== undefined) named.push({ index, log, name, kind })
  })
  const acts = named.filter(({ kind }) => kind !== 'prompt' && kind !== 'content')
  const nodes = placeSpans(acts.map(spanOf))
  const told = whoTells(nodes)
  const groups = acts.map((act, at): LogEvents => {
    const node = nodes[at]
    return { ...placeOf(act), events: node ? meant(act, eventsOf(node, told, keepContent), node) : [] }
  })
  for (const one of named)
    if (one.kind === 'prompt') groups.push({ ...placeOf(one), events: [promptOf(one, keepContent)] })
  const said = named.filter(({ kind }) => kind === 'content')
  if (keepContent) groups.push(...conversations(said))
  const leftOut = logs.length - named.length + (keepContent ? 0 : said.length)
  return { groups: groups.filter(({ events }) => events.length > 0).sort((a, b) => a.index - b.index), leftOut }
}

function placeOf({ index, log }: Named): Omit<LogEvents, 'events'> {
  const client = clientOf(log.scope)
  const accounts = accountsOf(log.scope, log.resource, sessionOf(log))
  // Codex makes its records of answers outside of any span. What Gemini CLI tells by records no span of it tells.
  const isRetold = accounts.length > 1 && (client === 'codex' || (log.isSampled && client !== 'gemini-cli'))
  return { index, accounts, isRetold }
}

/** A decision is no step, and of requests to the provider those count that failed or were not the first. */
function meant({ kind }: Named, events: EventInput[], { result }: Node): EventInput[] {
  for (const event of events) if (event.attributes != null) event.attributes['agentops.signal'] = 'logs'
  if (kind === 'decision') return events.filter(({ event_type }) => event_type === 'agent.policy.decision')
  if (kind !== 'attempt') return events
  return events.filter(({ event_type }) => event_type === 'agent.retry' || result.status === 'error')
}

/** A record as the span that would tell the same. */
function spanOf({ log, name, kind }: Named): FlatSpan {
  const { traceId, parentSpanId } = traceOf(log)
  const sequence = textOf(log.attributes['event.sequence'])
  const ownId = [name.split('.').at(-1), log.timeNs, ...(sequence === undefined ? [] : [sequence])].join('.')
  return {
    traceId,
    spanId: ownId,
    parentSpanId,
    name,
    endMs: log.timeMs,
    durationMs: Math.max(0, Number(log.attributes.duration_ms) || 0),
    statusCode: 0,
    statusMessage: '',
    attributes: marked(log, name, kind),
    events: [],
    resource: log.resource,
    scope: log.scope,
  }
}

function marked({ attributes: own, scope }: FlatLog, name: string, kind: LogKind): Attributes {
  const { agent_name, cost_usd, ...attributes } = own
  const client = clientOf(scope)
  // Of Codex it is the place of an agent among its agents; of Claude Code what its list of prices would ask.
  if (agent_name !== undefined) attributes[client === undefined ? 'agent_name' : `${client}.agent_name`] = agent_name
  if (cost_usd !== undefined) attributes[client === undefined ? 'cost_usd' : 'reported_cost_usd'] = cost_usd
  if (kind === 'tool') attributes['span.type'] = 'tool'
  else if (kind === 'decision') {
    attributes['span.type'] = 'guardrail'
    attributes['policy.id'] ??= `tool-permission:${textOf(own.tool_name) ?? 'unknown'}`
  } else attributes['gen_ai.operation.name'] ??= 'chat'
  if (kind === 'attempt') attributes['http.request.resend_count'] = Number(own.attempt) || 0
  if (name === 'codex.sse_event' && own['event.kind'] === 'response.failed') attributes.success = false
  return attributes
}

function sessionOf({ attributes }: FlatLog): string | undefined {
  return textOf(attributes['session.id'] ?? attributes['conversation.id'] ?? attributes['gen_ai.conversation.id'])
}

/** Their spans of one run lie in many traces, and their records within some of them. */
const LOOSE: ReadonlySet<string | undefined> = new Set(['codex', 'gemini-cli'])

/**
 * The trace of a record and what is above it: the span that it was made in; else what its client calls a prompt or a
 * conversation. A record that belongs to nothing is a run of its own.
 */
function traceOf(log: FlatLog): { traceId: string; parentSpanId: string } {
  const { attributes, traceId, spanId, timeNs } = log
  const client = clientOf(log.scope)
  if (traceId !== '' && spanId !== '' && !LOOSE.has(client)) return { traceId, parentSpanId: spanId }
  const told =
    client === 'codex' ? sessionOf(log) : (textOf(attributes['prompt.id'] ?? attributes.prompt_id) ?? sessionOf(log))
  if (told === undefined) return { traceId: traceId || `log-${timeNs}`, parentSpanId: spanId }
  return runOf(told)
}

function promptOf({ log, name }: Named, keepContent: boolean): EventInput {
  const { traceId, parentSpanId } = traceOf(log)
  const { resource, attributes } = log
  const { prompt, prompt_length } = attributes
  return {
    event_type: 'agent.request.started',
    timestamp: log.timeMs,
    trace_id: traceId,
    span_id: parentSpanId,
    step: name,
    session_id: sessionOf(log),
    user_id: textOf(attributes['user.id']),
    agent_id: textOf(resource['service.name']),
    workflow_version: textOf(resource['service.version']),
    environment: textOf(resource['deployment.environment.name'] ?? resource['deployment.environment'] ?? resource.env),
    attributes: { 'agentops.signal': 'logs', 'agentops.mapper.version': MAPPER_VERSION, prompt_length },
    ...(keepContent && { input: prompt }),
  }
}

/** What was said around one call, on the span of that call. */
function conversations(said: readonly Named[]): LogEvents[] {
  const spans = Map.groupBy(
    said.filter(({ log }) => log.traceId !== '' && log.spanId !== ''),
    ({ log }) => `${log.traceId} ${log.spanId}`,
  )
  return [...spans.values()].flatMap((records): LogEvents[] => {
    const [first] = records
    if (first === undefined) return []
    const { log } = first
    const messages = records.filter(({ name }) => name !== 'gen_ai.choice')
    const event: EventInput = {
      event_type: 'agent.step.started',
      timestamp: log.timeMs,
      trace_id: log.traceId,
      span_id: log.spanId,
      attributes: { 'agentops.signal': 'logs', 'agentops.mapper.version': MAPPER_VERSION },
      input: contentOf(messages, 'gen_ai.input.messages'),
      output: contentOf(
        records.filter((record) => !messages.includes(record) || record.name.startsWith('gen_ai.client.')),
        'gen_ai.output.messages',
      ),
    }
    return [{ index: first.index, accounts: [], isRetold: false, events: [event] }]
  })
}

function contentOf(records: readonly Named[], attribute: string): unknown {
  const parts = records.flatMap(({ name, log }) => {
    if (name.startsWith('gen_ai.client.')) return log.attributes[attribute] ?? []
    return { role: name.split('.')[1], content: log.body }
  })
  return parts.length === 0 ? undefined : parts
}
