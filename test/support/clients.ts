import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { sha256Hex } from '../../workers/adapters/hash.ts'
import { bundledBook } from '../../workers/adapters/prices/bundled.ts'
import type { CanonicalEvent, EventInput } from '../../workers/contract/event.ts'
import { canonicalise } from '../../workers/domain/canonical.ts'
import { priceOf } from '../../workers/domain/ledger.ts'
import { flattenTraces } from '../../workers/domain/otlp/json.ts'
import { decodeMetrics, flattenMetrics, type FlatPoint } from '../../workers/domain/otlp/data-point.ts'
import { emptyAccount } from '../../workers/domain/otlp/meter.ts'
import { meterGroup } from '../../workers/domain/otlp/metered.ts'
import { decodeLogs, flattenLogs } from '../../workers/domain/otlp/log-record.ts'
import { eventsOfLogs, type MappedLogs } from '../../workers/domain/otlp/logs.ts'
import { eventsOfSpans } from '../../workers/domain/otlp/mapper.ts'
import { parseMetrics } from '../../workers/edge/metrics.ts'
import { decodeTraces } from '../../workers/domain/otlp/protobuf.ts'
import type { FlatSpan } from '../../workers/domain/otlp/span.ts'

/** A body as a client sent it, of `test/fixtures/clients/<client>/<file>.gz`. */
export function recorded(client: string, file: string): Buffer {
  return gunzipSync(readFileSync(join(import.meta.dirname, `../fixtures/clients/${client}/${file}.gz`)))
}

export function spansIn(client: string, file: string): FlatSpan[] {
  const body = recorded(client, file)
  return file.endsWith('.pb') ? decodeTraces(body) : flattenTraces(JSON.parse(body.toString()))
}

/** The canonical events of a client's bodies; throws where one of them would be refused. */
export function eventsIn(client: string, ...files: string[]): CanonicalEvent[] {
  return files.flatMap((file) => canonicalEvents(spansIn(client, file)))
}

export function canonicalEvents(spans: readonly FlatSpan[]): CanonicalEvent[] {
  return canonical(eventsOfSpans(spans, false).flat(), Math.max(...spans.map((span) => span.endMs)))
}

/** What the log records of a client's body become. */
export function logsIn(client: string, file: string, keepContent = false): MappedLogs {
  const body = recorded(client, file)
  const logs = file.endsWith('.pb') ? decodeLogs(body) : flattenLogs(JSON.parse(body.toString()))
  return eventsOfLogs(logs, keepContent)
}

/** The same as canonical events. */
export function logEventsIn(client: string, ...files: string[]): CanonicalEvent[] {
  const inputs = files.flatMap((file) => logsIn(client, file).groups.flatMap(({ events }) => events))
  return canonical(inputs, Math.max(...inputs.map(({ timestamp }) => Number(timestamp))))
}

/** The data points of a client's body. */
export function pointsIn(client: string, file: string): FlatPoint[] {
  const body = recorded(client, file)
  return file.endsWith('.pb') ? decodeMetrics(body) : flattenMetrics(JSON.parse(body.toString()))
}

/** What the counters of a client's bodies become, read one after the other. */
export function metricEventsIn(client: string, ...files: string[]): { events: CanonicalEvent[]; leftOut: number } {
  const accounts = new Map<string, ReturnType<typeof emptyAccount>>()
  const events: CanonicalEvent[] = []
  let leftOut = 0
  for (const file of files) {
    const nowMs = Math.max(...pointsIn(client, file).map(({ timeNs }) => Number(BigInt(timeNs) / 1_000_000n)))
    const parsed = parseMetrics(recorded(client, file), file.endsWith('.pb') ? 'protobuf' : 'json', contextAt(nowMs))
    if (parsed.refused > 0) throw new Error(JSON.stringify(parsed.rejected))
    leftOut += parsed.leftOut
    for (const group of parsed.groups) {
      const account = accounts.get(group.account) ?? emptyAccount()
      accounts.set(group.account, account)
      for (const event of meterGroup(account, group)?.events ?? []) events.push(JSON.parse(event) as CanonicalEvent)
    }
  }
  return { events, leftOut }
}

function contextAt(nowMs: number) {
  const tenant = { org_id: 'o', workspace_id: 'w', project_id: 'p' }
  return { tenant, keepContent: false, environment: null, nowMs, sha256: sha256Hex }
}

function canonical(inputs: readonly EventInput[], nowMs: number): CanonicalEvent[] {
  const context = contextAt(nowMs)
  return inputs.map((input) => {
    const outcome = canonicalise(JSON.parse(JSON.stringify(input)), context)
    if (!outcome.ok) throw new Error(`${outcome.pointer} ${outcome.detail}`)
    return outcome.event
  })
}

/** One call of a model: tokens are inclusive sums, and the parts of them that are priced apart. */
export interface Call {
  model: string
  prompt?: number
  cached?: number
  write?: number
  completion?: number
  reasoning?: number
  nano?: number
  finish?: string
  error?: string
}

/** What a person would say of one run; names that differ within it in their order, what is empty or zero left out. */
export interface Run {
  /** `ok`, or the type of its error; `missing` where no root came. */
  result: string
  agent?: string
  workflow?: string
  version?: string
  user?: string
  session?: string
  environment?: string
  prompt?: string
  provider?: string
  calls?: Call[]
  /** In the order in which they began, a failed one with its type. */
  tools?: string[]
  steps?: number
  retries?: number
  fallbacks?: string[]
  policies?: string[]
  /** Events whose parent is in none of the bodies. */
  orphans?: number
}

/** The runs of events, in the order in which they began. */
export function runsOf(events: readonly CanonicalEvent[]): Run[] {
  const traces = Map.groupBy(events, (event) => event.trace_id)
  const began = (trace: CanonicalEvent[]) => Math.min(...trace.map(startOf))
  return [...traces.values()].sort((a, b) => began(a) - began(b)).map(runOf)
}

type Name =
  | 'agent_id'
  | 'workflow_id'
  | 'workflow_version'
  | 'user_id'
  | 'session_id'
  | 'environment'
  | 'prompt_version'
  | 'provider'

function runOf(unsorted: CanonicalEvent[]): Run {
  const events = unsorted.toSorted((a, b) => startOf(a) - startOf(b))
  const of = (...types: string[]) => events.filter((event) => types.includes(event.event_type.slice('agent.'.length)))
  const roots = of('request.completed').filter((event) => event.parent_span_id === undefined)
  if (roots.length > 1) throw new Error(`${roots.length} roots in a trace`)
  const ids = new Set(events.map((event) => event.span_id))
  const all = (name: Name) => [...new Set(events.flatMap((event) => event[name] ?? []))].sort().join(', ')
  return withoutEmpty({
    result: roots[0] === undefined ? 'missing' : resultOf(roots[0]),
    agent: all('agent_id'),
    workflow: all('workflow_id'),
    version: all('workflow_version'),
    user: all('user_id'),
    session: all('session_id'),
    environment: all('environment'),
    prompt: all('prompt_version'),
    provider: all('provider'),
    calls: of('step.completed', 'request.completed')
      .filter((event) => event.model !== undefined)
      .map(callOf),
    tools: of('tool.called', 'tool.failed').map((event) =>
      event.status === 'ok' ? `${event.tool_name}` : `${event.tool_name} ${resultOf(event)}`,
    ),
    steps: of('step.completed').filter((event) => event.model === undefined).length,
    retries: of('retry').length,
    fallbacks: of('fallback.triggered').map((event) => `${event.fallback_from} → ${event.fallback_to}`),
    policies: of('policy.decision').map((event) => `${event.policy_id} ${event.policy_result}`),
    orphans: events.filter(({ parent_span_id: id }) => id !== undefined && !ids.has(id)).length,
  })
}

function callOf(event: CanonicalEvent): Call {
  return withoutEmpty({
    model: event.model ?? '',
    prompt: event.tokens_prompt,
    cached: event.tokens_cached,
    write: event.tokens_cache_write,
    completion: event.tokens_completion,
    reasoning: event.tokens_reasoning,
    nano: priceOf(event, bundledBook)?.cost_nanousd,
    finish: event.attributes?.['finish_reason'] as string | undefined,
    error: event.status === 'ok' ? undefined : resultOf(event),
  })
}

function resultOf({ status, error_type }: CanonicalEvent): string {
  return status === 'ok' ? 'ok' : (error_type ?? 'error')
}

function startOf({ timestamp, latency_ms = 0 }: CanonicalEvent): number {
  return timestamp - latency_ms
}

function withoutEmpty<T extends object>(record: T): T {
  const isEmpty = (value: unknown) =>
    value === undefined || value === '' || value === 0 || (Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(record).filter(([, value]) => !isEmpty(value))) as T
}
