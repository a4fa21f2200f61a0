import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { CanonicalContext, Refusal } from '../../workers/domain/canonical.ts'
import { RunBook } from '../../workers/domain/wire/book.ts'
import { judge } from '../../workers/domain/wire/judge.ts'
import type { Messages } from '../../workers/domain/wire/operation.ts'

/** A request as a real client sent it; texts of prompts and answers are cut. */
export interface Recorded {
  method: string
  path: string
  query: string
  headers: Record<string, string>
  variant?: string
  body: string
}

export function recording(file: string): Recorded[] {
  const packed = readFileSync(`test/fixtures/clients/${file}.json.gz`)
  return JSON.parse(gunzipSync(packed).toString()) as Recorded[]
}

/** An hour after the recordings were made. */
const NOW_MS = Date.parse('2026-11-29T00:00:00Z')

export function contextOfTests(more: Partial<CanonicalContext> = {}): CanonicalContext {
  return {
    tenant: { org_id: 'org', workspace_id: 'ws', project_id: 'prj' },
    keepContent: false,
    nowMs: NOW_MS,
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    ...more,
  }
}

/** Requests one after another, as the edge would take them, with what is known of runs in one book. */
export class Replay {
  readonly events: CanonicalEvent[] = []
  readonly refused: Refusal[] = []
  private readonly book = new RunBook()
  private readonly client: string
  private readonly context: CanonicalContext

  constructor(client: string, context: CanonicalContext = contextOfTests()) {
    this.client = client
    this.context = context
  }

  /** The events of one request. `isDurable` is false where it failed after what it tells was joined. */
  send(messages: Messages, isDurable = true): CanonicalEvent[] {
    const facts = messages.operations.map((operation) => operation.facts)
    const judged = judge(this.client, messages, this.book.join(this.client, facts, NOW_MS), this.context)
    this.refused.push(...judged.refused.values())
    if (!isDurable) return judged.events
    this.book.tell(this.client, judged.marks)
    this.events.push(...judged.events)
    return judged.events
  }
}

/** What a trace comes to: its names, and one word for each event in the order of time, retries and fallbacks last. */
export function tracesOf(events: readonly CanonicalEvent[]) {
  const traces = new Map<string, CanonicalEvent[]>()
  for (const event of events) traces.set(event.trace_id, [...(traces.get(event.trace_id) ?? []), event])
  return [...traces.values()].map((own) => summaryOf(own))
}

function summaryOf(events: readonly CanonicalEvent[]) {
  const paid = new Map(events.map((event, index) => [event.event_id ?? index, event]))
  const calls = [...paid.values()].filter((e) => e.event_type === 'agent.step.completed' && e.model !== undefined)
  const sum = (name: 'tokens_prompt' | 'tokens_completion' | 'tokens_cached' | 'tokens_reasoning') =>
    calls.reduce((total, event) => total + (event[name] ?? 0), 0)
  const of = (type: string) => events.filter(({ event_type }) => event_type === type)
  const requests = of('agent.request.completed')
  const spans = new Set(events.map(({ span_id }) => span_id))
  return {
    name: events.find(({ workflow_id }) => workflow_id !== undefined)?.workflow_id,
    agents: distinct(events.map(({ agent_id }) => agent_id)),
    users: distinct(events.map(({ user_id }) => user_id)),
    sessions: distinct(events.map(({ session_id }) => session_id)),
    requests: requests.map(({ status, error_type }) => (status === 'error' ? error_type : status)),
    calls: calls.length,
    models: distinct(calls.map(({ model }) => model)),
    failed_calls: calls.filter(({ status }) => status === 'error').map(({ error_type }) => error_type),
    tokens: [sum('tokens_prompt'), sum('tokens_completion'), sum('tokens_cached'), sum('tokens_reasoning')],
    tools: events
      .filter(({ event_type }) => event_type.startsWith('agent.tool.'))
      .map((e) => `${e.tool_name} ${e.status === 'error' ? e.error_type : e.status}`),
    retries: of('agent.retry').length,
    fallbacks: of('agent.fallback.triggered').map((e) => `${e.fallback_from} > ${e.fallback_to}`),
    policies: of('agent.policy.decision').map((e) => `${e.policy_id} ${e.policy_result}`),
    open: openOf(events),
    orphans: distinct(events.map(({ parent_span_id }) => parent_span_id)).filter((id) => !spans.has(id)).length,
    doubled: events.length - new Set(events.map(({ event_id }, index) => event_id ?? index)).size,
  }
}

function openOf(events: readonly CanonicalEvent[]): number {
  const ended = new Set(events.filter((e) => !e.event_type.endsWith('.started')).map((e) => e.span_id))
  return new Set(events.map((e) => e.span_id).filter((id) => !ended.has(id))).size
}

function distinct(values: readonly (string | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value !== undefined))].sort()
}
