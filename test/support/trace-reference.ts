import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { MetricsRow } from '../../workers/contract/metrics.ts'
import { randomOf } from './metrics-fleet.ts'

const HOUR_MS = 3_600_000
const REVISED = 'agent.outcome.revised'

/** A trace as its events tell it, worked out from all of them at once. */
export interface ReferenceTrace {
  hour: number
  environment: string
  agent_id: string
  workflow_id: string
  workflow_version: string
  status: string
  error_type: string
  outcome: string
  complete: boolean
  took_ms: number
  cost_nanousd: bigint
  tokens_prompt: number
  tokens_completion: number
}

/** @param commits events as they became known; the first that tell of a run settle in which hour it lies. */
export function referenceTraces(commits: readonly (readonly CanonicalEvent[])[]): ReferenceTrace[] {
  const known = new Map<string, { first: number; events: CanonicalEvent[] }>()
  for (const commit of commits) {
    const seen = new Map<string, CanonicalEvent[]>()
    for (const event of commit) seen.set(event.trace_id, [...(seen.get(event.trace_id) ?? []), event])
    for (const [id, events] of seen) {
      const before = known.get(id)
      if (before) before.events.push(...events)
      else known.set(id, { first: firstOf(events), events })
    }
  }
  return [...known.values()]
    .filter(({ events }) => events.some((e) => e.event_type !== (REVISED as string)))
    .map(({ first, events }) => traceOf(first, events))
}

const startOf = (e: CanonicalEvent) => Math.floor(e.timestamp - (e.latency_ms ?? 0))

function firstOf(events: readonly CanonicalEvent[]): number {
  const run = events.filter((e) => e.event_type !== (REVISED as string))
  return run.length > 0 ? Math.min(...run.map(startOf)) : Math.max(...events.map((e) => e.timestamp))
}

function traceOf(first: number, all: readonly CanonicalEvent[]): ReferenceTrace {
  const run = all.filter((e) => e.event_type !== (REVISED as string))
  const revisions = all
    .filter((e) => e.event_type === (REVISED as string))
    .toSorted((a, b) => b.timestamp - a.timestamp || (String(a.outcome) < String(b.outcome) ? -1 : 1))
  const root = run.find((e) => e.event_type === 'agent.request.completed' && e.parent_span_id === undefined)
  const names = root ?? run[0]
  const failed = run.find((e) => e.status === 'error' || e.status === 'blocked')
  const status = root ? (root.status ?? 'ok') : failed ? 'error' : 'running'
  const error = root ? (root.error_type ?? failed?.error_type) : failed?.error_type
  const sum = (of: (e: CanonicalEvent) => number) => run.reduce((total, e) => total + of(e), 0)
  return {
    hour: first - (first % HOUR_MS),
    environment: names?.environment ?? '',
    agent_id: names?.agent_id ?? '',
    workflow_id: names?.workflow_id ?? '',
    workflow_version: names?.workflow_version ?? '',
    status,
    error_type: status === 'ok' || status === 'running' ? '' : (error ?? (root ? '' : 'unknown')),
    outcome: revisions[0]?.outcome ?? root?.outcome ?? run.find((e) => e.outcome !== undefined)?.outcome ?? '',
    complete: root !== undefined,
    took_ms: Math.max(0, Math.max(...run.map((e) => e.timestamp)) - Math.min(first, ...run.map(startOf))),
    cost_nanousd: run.reduce((total, e) => total + BigInt(e.cost_nanousd ?? 0), 0n),
    tokens_prompt: sum((e) => (e.cost_nanousd === undefined ? 0 : (e.tokens_prompt ?? 0))),
    tokens_completion: sum((e) => (e.cost_nanousd === undefined ? 0 : (e.tokens_completion ?? 0))),
  }
}

/** One row a group, as a query of kind `trace` gives it, without percentiles. */
export function referenceRows(
  traces: readonly ReferenceTrace[],
  by: readonly (keyof ReferenceTrace)[],
  hourly = false,
): MetricsRow[] {
  const groups = new Map<string, ReferenceTrace[]>()
  for (const trace of traces) {
    const key = JSON.stringify([hourly ? new Date(trace.hour).toISOString() : '', ...by.map((name) => trace[name])])
    groups.set(key, [...(groups.get(key) ?? []), trace])
  }
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, members]) => {
      const [time, ...labels] = JSON.parse(key) as string[]
      const good = members.filter((t) => t.complete && t.status === 'ok' && t.outcome !== 'failure').length
      const done = members.filter((t) => t.complete)
      const cost = members.reduce((total, t) => total + t.cost_nanousd, 0n)
      return {
        ...(hourly && { time: time ?? '' }),
        ...Object.fromEntries(by.map((name, i) => [name, labels[i] ?? ''])),
        count: members.length,
        errors: members.filter((t) => t.status === 'error' || t.status === 'blocked').length,
        successes: good,
        cost_usd: usdOf(cost),
        tokens_prompt: members.reduce((n, t) => n + t.tokens_prompt, 0),
        tokens_completion: members.reduce((n, t) => n + t.tokens_completion, 0),
        latency_count: done.length,
        latency_avg_ms: done.length === 0 ? null : done.reduce((n, t) => n + t.took_ms, 0) / done.length,
        cost_avg_usd: usdOf(rounded(cost, members.length)),
        cost_per_success_usd: good === 0 ? null : usdOf(rounded(cost, good)),
      }
    })
}

export const TRACE_MEASURES = [
  'count',
  'errors',
  'successes',
  'cost_usd',
  'tokens_prompt',
  'tokens_completion',
  'latency_count',
  'latency_avg_ms',
  'cost_avg_usd',
  'cost_per_success_usd',
] as const

const rounded = (cost: bigint, n: number) => BigInt(Math.round(Number((cost * 1000n) / BigInt(n)) / 1000))

function usdOf(nano: bigint): string {
  const digits = nano.toString().padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

/** Runs of several events, some of which never end; each in the order in which it happened. */
export function randomRuns(seed: number, count: number, fromMs: number, toMs: number): CanonicalEvent[][] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => {
    const began = fromMs + Math.floor(random() * (toMs - fromMs))
    const common = {
      trace_id: `run-${seed}-${i}`,
      environment: pick(random, ['production', 'staging']),
      agent_id: pick(random, ['a1', 'a2']),
      workflow_id: pick(random, ['w1', 'w2']),
      workflow_version: pick(random, ['v1', 'v2']),
    }
    const steps = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, k): CanonicalEvent => {
      const status = random() < 0.1 ? 'error' : 'ok'
      return {
        ...common,
        event_type: 'agent.step.completed',
        timestamp: began + 1000 * (k + 1),
        span_id: `s${k}`,
        parent_span_id: 'root',
        status,
        ...(status === 'error' && { error_type: 'timeout' }),
        latency_ms: k === 0 ? 1000 : 700,
        model: 'm1',
        provider: 'openai',
        tokens_prompt: 100 + k,
        tokens_completion: 10,
        cost_nanousd: Math.floor(random() * 5e7),
      }
    })
    if (random() < 0.1) return steps
    const status = pick(random, ['ok', 'ok', 'ok', 'error', 'blocked', 'cancelled'] as const)
    const outcome = pick(random, ['success', 'failure', undefined] as const)
    const root: CanonicalEvent = {
      ...common,
      event_type: 'agent.request.completed',
      timestamp: began + 1000 * (steps.length + 1),
      span_id: 'root',
      status,
      ...(status !== 'ok' && status !== 'cancelled' && { error_type: 'tool_runtime' }),
      ...(outcome !== undefined && { outcome }),
      latency_ms: 1000 * (steps.length + 1),
    }
    return [...steps, root]
  })
}
