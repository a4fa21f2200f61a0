import type { MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import type { Ask } from '../ask.ts'
import type { PanelSpec, Scope, Shaped, TableRow } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { noteOf, overTime, size } from '../shape.ts'
import { DAY_MS } from '../../filters/range.ts'

/** What rows of decisions call a policy, and what it decided. */
export const POLICY = 'policy_id'
export const RESULT = 'policy_result'

const RESULTS = [
  { key: 'block', label: 'Blocked', color: 'var(--color-danger)' },
  { key: 'escalate', label: 'Escalated', color: 'var(--color-warning)' },
  { key: 'allow', label: 'Allowed', color: 'var(--color-series-1)' },
] as const
const ROWS_MAX = 5000
const NONE =
  'No policy decided anything in this range. Decisions come with agent.policy.decision, and from run-time controls.'

export const policyDecisions: PanelSpec = {
  id: 'governance.decisions',
  title: 'Policy decisions',
  unit: 'decisions in each interval',
  definition:
    'Events agent.policy.decision by policy_result: from agents, and from run-time controls, which report what they stop.',
  span: 6,
  height: 256,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'policy',
      measures: ['count'],
      dimensions: [RESULT],
      step: scope.range.step,
      limit: ROWS_MAX,
    })
    return shapeDecisions(answer, scope)
  },
}

/** One series for each result; decisions that say no result have their own. */
export function shapeDecisions(answer: MetricsAnswer, scope: Scope): Shaped {
  const { buckets } = scope.range
  if (answer.data.length === 0) return { type: 'series', format: 'count', series: [], empty: NONE }
  const series = RESULTS.map(({ key, label, color }) => ({
    key,
    label,
    color,
    kind: 'bar' as const,
    values: overTime(answer, buckets, 'count', (row) => row[RESULT] === key),
  }))
  const untold = overTime(answer, buckets, 'count', (row) => row[RESULT] === '')
  const note = noteOf(answer)
  return {
    type: 'series',
    format: 'count',
    series: untold.some((value) => Number(value) > 0)
      ? [
          ...series,
          { key: 'untold', label: 'Without a result', color: 'var(--color-muted)', kind: 'bar', values: untold },
        ]
      : series,
    href: tracesHref(scope),
    ...(note !== undefined && { note }),
  }
}

/** What was decided, by whom and for whom. */
export interface Violations {
  blocked: MetricsAnswer
  escalated: MetricsAnswer
  /** Both, in the last 24 hours and in those before. */
  day: MetricsAnswer
  dayBefore: MetricsAnswer
}

export const violations: PanelSpec = {
  id: 'governance.violations',
  title: 'Violations by policy',
  unit: 'decisions',
  definition:
    'Decisions to block or to escalate (agent.policy.decision) by policy, workflow and agent. The trend compares the last 24 hours, whatever the range, with the 24 hours before. A policy leads to the traces of its workflow and agent that ended with policy_blocked, or to all of them where it only escalated.',
  span: 12,
  height: 124,
  async load(ask, scope) {
    const { nowMs, range } = scope
    const [blocked, escalated, day, dayBefore] = await Promise.all([
      decided(ask, ['block'], range),
      decided(ask, ['escalate'], range),
      decided(ask, ['block', 'escalate'], { from_ms: nowMs - DAY_MS, to_ms: nowMs }),
      decided(ask, ['block', 'escalate'], { from_ms: nowMs - 2 * DAY_MS, to_ms: nowMs - DAY_MS }),
    ])
    return shapeViolations({ blocked, escalated, day, dayBefore }, scope)
  },
}

function decided(ask: Ask, values: string[], period: { from_ms: number; to_ms: number }): Promise<MetricsAnswer> {
  return ask.between(
    {
      kind: 'policy',
      measures: ['count'],
      dimensions: [POLICY, 'workflow_id', 'agent_id'],
      filters: [{ dimension: RESULT, op: 'eq', values }],
      limit: ROWS_MAX,
    },
    period,
  )
}

/** A row for each policy, workflow and agent of which something was not simply allowed in the range. */
export function shapeViolations({ blocked, escalated, day, dayBefore }: Violations, scope: Scope): Shaped {
  const [blocks, escalations, now, then] = [blocked, escalated, day, dayBefore].map(byParty)
  const keys = [...new Set([...(blocks?.keys() ?? []), ...(escalations?.keys() ?? [])])]
  const note = noteOf(blocked, escalated)
  return {
    type: 'table',
    columns: [
      { key: 'policy', label: 'Policy', format: 'text' },
      { key: 'workflow', label: 'Workflow', format: 'text' },
      { key: 'agent', label: 'Agent', format: 'text' },
      { key: 'blocked', label: 'Blocked', format: 'count' },
      { key: 'escalated', label: 'Escalated', format: 'count' },
      { key: 'day', label: 'Last 24 h', format: 'count' },
      { key: 'day_before', label: '24 h before', format: 'count', hidden: true },
      { key: 'trend', label: 'Trend', format: 'text' },
    ],
    rows: keys.map((key): TableRow => {
      const [policy = '', workflow = '', agent = ''] = key.split('\0')
      const count = blocks?.get(key) ?? 0
      const [last, before] = [now?.get(key) ?? 0, then?.get(key) ?? 0]
      return {
        key,
        cells: {
          policy: policy || 'not named',
          workflow,
          agent,
          blocked: count,
          escalated: escalations?.get(key) ?? 0,
          day: last,
          day_before: before,
          trend: trendText(last, before),
        },
        href: tracesHref(scope, {
          ...(workflow !== '' && { workflow_id: workflow }),
          ...(agent !== '' && { agent_id: agent }),
          ...(count > 0 && { error_type: 'policy_blocked' }),
        }),
      }
    }),
    sort: 'blocked',
    bar: 'blocked',
    ...(keys.length === 0 && { empty: 'No policy blocked or escalated anything in this range.' }),
    ...(note !== undefined && { note }),
  }
}

function byParty(answer: MetricsAnswer): Map<string, number> {
  return new Map(
    answer.data.map((row) => [
      [POLICY, 'workflow_id', 'agent_id'].map((name) => String(row[name] ?? '')).join('\0'),
      size(row, 'count'),
    ]),
  )
}

/** How a count moved, in words that need no colour. */
export function trendText(now: number, before: number): string {
  if (now === before) return '→ same'
  return now > before ? `↑ ${now - before} more` : `↓ ${before - now} fewer`
}
