import type { EventInput } from '../../contract/event.ts'
import type { Reading, TokenField } from '../../contract/signals.ts'
import { makerOf, providerNamed } from '../provider.ts'
import type { FlatPoint } from './data-point.ts'
import { factsOf } from './read-facts.ts'
import { textAt, textOf } from './attributes.ts'
import { MAPPER_VERSION } from './mapper.ts'
import { accountsOf, clientOf } from './session-call.ts'

interface UsageMetric {
  /** The attribute that says which tokens a point counts. */
  by: string
  fields: Readonly<Record<string, TokenField>>
  cacheApart?: boolean
  reasoningApart?: boolean
}

/** Metrics that count tokens. */
const USAGE: Readonly<Record<string, UsageMetric>> = {
  'claude_code.token.usage': {
    by: 'type',
    fields: { input: 'prompt', output: 'completion', cacheRead: 'cached', cacheCreation: 'cacheWrite' },
    cacheApart: true,
  },
  'codex.turn.token_usage': {
    by: 'token_type',
    fields: {
      input: 'prompt',
      cached_input: 'cached',
      cache_write_input: 'cacheWrite',
      output: 'completion',
      reasoning_output: 'reasoning',
    },
  },
  'gemini_cli.token.usage': {
    by: 'type',
    fields: { input: 'prompt', output: 'completion', cache: 'cached', thought: 'reasoning' },
    reasoningApart: true,
  },
  'gen_ai.client.token.usage': {
    by: 'gen_ai.token.type',
    fields: { input: 'prompt', output: 'completion', completion: 'completion' },
  },
}

/** Metrics of what agents did, and what Claude Code thinks it cost: each becomes an attribute. */
const COUNTS: ReadonlySet<string> = new Set([
  'claude_code.session.count',
  'claude_code.lines_of_code.count',
  'claude_code.pull_request.count',
  'claude_code.commit.count',
  'claude_code.cost.usage',
  'claude_code.code_edit_tool.decision',
  'claude_code.active_time.total',
  'gemini_cli.session.count',
  'gemini_cli.file.operation.count',
])
const KINDS_OF = ['type', 'decision', 'operation'] as const

/** Points that become one event, with what it says beside them. */
export interface PointGroup {
  account: string
  input: EventInput
  cacheApart: boolean
  reasoningApart: boolean
  readings: Reading[]
  /** Of the first point in the request. */
  index: number
}

export interface MappedPoints {
  groups: PointGroup[]
  /** Points of metrics that are in no row. */
  leftOut: number
}

/**
 * Maps data points to what is counted of each account and model. Sums that go down, gauges and summaries count
 * nothing.
 * @param hash tells one series from all others.
 */
export function readingsOf(points: readonly FlatPoint[], hash: (text: string) => string): MappedPoints {
  const groups = new Map<string, PointGroup>()
  let leftOut = 0
  points.forEach((point, index) => {
    const field = fieldOf(point)
    if (field === undefined || point.temporality === 'unspecified') {
      leftOut++
      return
    }
    const { key, group } = groupOf(point, index, 'tokens' in field, hash)
    const known = groups.get(key) ?? group
    groups.set(key, known)
    const { metric, temporality, startNs, timeNs, value, attributes, resource, scope } = point
    const series = hash(JSON.stringify([metric, scope, sorted(attributes), sorted(resource)]))
    known.readings.push({ series, temporality, start_ns: startNs, time_ns: timeNs, value, field })
  })
  return { groups: [...groups.values()], leftOut }
}

function fieldOf(point: FlatPoint): Reading['field'] | undefined {
  const { metric, kind, isMonotonic, attributes, scope } = point
  if (!isMonotonic || (kind !== 'sum' && kind !== 'histogram')) return undefined
  if (COUNTS.has(metric)) {
    const told = KINDS_OF.map((name) => textOf(attributes[name])).filter((name) => name !== undefined)
    return { attribute: [metric, ...told].join('.').slice(0, NAME_CHARS_MAX) }
  }
  const row = Object.hasOwn(USAGE, metric) ? USAGE[metric] : undefined
  // Agents with counters of their own count the same tokens twice where they follow the conventions as well.
  if (row === undefined || (metric.startsWith('gen_ai.') && clientOf(scope) !== undefined)) return undefined
  const type = textOf(attributes[row.by]) ?? ''
  const tokens = Object.hasOwn(row.fields, type) ? row.fields[type] : undefined
  return tokens === undefined ? undefined : { tokens }
}

const NAME_CHARS_MAX = 150

function groupOf(
  { metric, attributes, resource, scope, timeNs }: FlatPoint,
  index: number,
  isUsage: boolean,
  hash: (text: string) => string,
): { key: string; group: PointGroup } {
  const facts = factsOf(attributes)
  const session = textAt(facts, 'session_id')
  const model = isUsage ? (textAt(facts, 'model') ?? 'unknown') : undefined
  const [account = ''] = accountsOf(scope, resource, session)
  const environment = textOf(
    resource['deployment.environment.name'] ?? resource['deployment.environment'] ?? resource.env,
  )
  const provider = model === undefined ? undefined : (providerNamed(textAt(facts, 'provider')) ?? makerOf(model))
  const names = {
    agent_id: textAt(facts, 'agent_id') ?? textOf(resource['service.name']),
    workflow_version: textOf(resource['service.version']),
    user_id: textAt(facts, 'user_id'),
    session_id: session,
    environment,
    provider,
    model,
  }
  const key = JSON.stringify([account, names])
  const id = hash(key)
  const row = Object.hasOwn(USAGE, metric) ? USAGE[metric] : undefined
  const input: EventInput = {
    event_type: 'agent.step.completed',
    timestamp: Number(BigInt(timeNs) / 1_000_000n),
    trace_id: session?.replace(/[^\x21-\x7e]|-/g, '').slice(0, 128) || `metrics-${id}`,
    span_id: `metrics-${id}`,
    step: isUsage ? metric : 'metrics',
    status: 'ok',
    ...names,
    attributes: { 'agentops.signal': 'metrics', 'agentops.mapper.version': MAPPER_VERSION, 'otel.scope.name': scope },
  }
  const apart = { cacheApart: row?.cacheApart === true, reasoningApart: row?.reasoningApart === true }
  return { key, group: { account, input, ...apart, readings: [], index } }
}

function sorted(attributes: Record<string, unknown>): unknown[] {
  return Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))
}
