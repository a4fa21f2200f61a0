import type { Dimension, MetricsAnswer, MetricsQuery } from '../../../../../../workers/contract/metrics.ts'
import type { Ask } from '../ask.ts'
import type { Figure, PanelSpec, Scope, Shaped } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { noteOf, size } from '../shape.ts'
import { RESULT } from './decisions.ts'
import { hosts, hostsKnown, hostsOf, NEW_HOST } from './egress.ts'
import { STOPPING } from './stopped.ts'

type Asked = Pick<MetricsQuery, 'kind' | 'measures' | 'dimensions'> & Partial<Pick<MetricsQuery, 'filters'>>
const DECISIONS: Asked = { kind: 'policy', measures: ['count'], dimensions: [RESULT] }
const STOPPED: Asked = {
  kind: 'request',
  measures: ['count'],
  dimensions: ['error_type'],
  filters: [{ dimension: 'error_type', op: 'eq', values: STOPPING }],
}

const PII: Asked = { kind: 'pii', measures: ['pii_detected', 'pii_redacted'], dimensions: [] }

/** The answers of one period; null where there is no period. */
export interface Counts {
  decisions: MetricsAnswer | null
  stopped: MetricsAnswer | null
  pii: MetricsAnswer | null
  hosts: MetricsAnswer | null
  /** Of the time before the period. */
  known: MetricsAnswer | null
}

export const figures: PanelSpec = {
  id: 'governance.figures',
  title: 'Rules and limits',
  unit: 'in the range',
  definition:
    'Decisions of policies (agent.policy.decision by policy_result), requests that a budget or a loop guard stopped (agent.request.completed by error_type), personal data (pii_detected, pii_redacted), and where data were sent (egress_host).',
  span: 12,
  height: 156,
  async load(ask, scope) {
    const [now, before] = await Promise.all([
      countsOf(ask, scope.range, (query) => ask.metrics(query)),
      scope.before === null
        ? NO_COUNTS
        : countsOf(ask, soFar(scope.before, scope), (query) => ask.metricsBefore(query)),
    ])
    return shapeFigures(now, before, scope)
  },
}

const NO_COUNTS: Counts = { decisions: null, stopped: null, pii: null, hosts: null, known: null }

async function countsOf(
  ask: Ask,
  period: { from_ms: number; to_ms: number },
  metrics: (query: Asked) => Promise<MetricsAnswer | null>,
): Promise<Counts> {
  const [decisions, stopped, pii, reached, known] = await Promise.all([
    metrics(DECISIONS),
    metrics(STOPPED),
    metrics(PII),
    hosts(ask, period),
    hostsKnown(ask, period),
  ])
  return { decisions, stopped, pii, hosts: reached, known }
}

/** As far as the range has got, so that the day so far is not held against a whole day. */
function soFar(
  before: { from_ms: number; to_ms: number },
  { range, nowMs }: Scope,
): { from_ms: number; to_ms: number } {
  return { from_ms: before.from_ms, to_ms: before.from_ms + Math.min(nowMs, range.to_ms) - range.from_ms }
}

export function shapeFigures(now: Counts, before: Counts, scope: Scope): Shaped {
  const figure = (
    key: string,
    label: string,
    of: (counts: Counts) => number | null,
    more: Partial<Figure> = {},
  ): Figure => ({ key, label, format: 'count', value: of(now), before: of(before), ...more })
  const result = (value?: string) => (counts: Counts) => countOf(counts.decisions, RESULT, value)
  const error = (value: string) => (counts: Counts) => countOf(counts.stopped, 'error_type', value)
  const pii = (measure: string) => (counts: Counts) =>
    counts.pii && counts.pii.data.reduce((sum, row) => sum + size(row, measure), 0)
  const traces = (error_type: string) => ({ better: 'less' as const, href: tracesHref(scope, { error_type }) })
  const note = noteOf(now.decisions, now.stopped, now.pii, now.hosts)
  return {
    type: 'figures',
    figures: [
      figure('decisions', 'Policy decisions', result(), {
        definition: 'All agent.policy.decision, whatever their result.',
        href: tracesHref(scope),
      }),
      figure('blocked', 'Blocked', result('block'), {
        definition: 'Decisions with policy_result block. Leads to traces that ended with policy_blocked.',
        ...traces('policy_blocked'),
      }),
      figure('escalated', 'Escalated', result('escalate'), {
        definition: 'Decisions with policy_result escalate: a person was asked.',
      }),
      figure('allowed', 'Allowed', result('allow'), { definition: 'Decisions with policy_result allow.' }),
      figure('budget', 'Over budget', error('budget_exceeded'), {
        definition: 'Requests that ended with budget_exceeded.',
        ...traces('budget_exceeded'),
      }),
      figure('loops', 'Loops', error('loop_detected'), {
        definition: 'Requests that ended with loop_detected.',
        ...traces('loop_detected'),
      }),
      figure('pii', 'Personal data found', pii('pii_detected'), {
        definition: 'Findings of personal data and secrets: pii_detected.',
        better: 'less',
      }),
      figure('redacted', 'Redacted', pii('pii_redacted'), { definition: 'Findings that were redacted: pii_redacted.' }),
      figure('hosts', 'Destinations', (counts) => counts.hosts && hostsOf(counts.hosts).size, {
        definition: 'Different hosts that data were sent to: egress_host.',
      }),
      figure('new_hosts', 'New destinations', newHosts, { definition: NEW_HOST, better: 'less' }),
    ],
    ...(note !== undefined && { note }),
  }
}

/** Counts of one value of a dimension, or of all. */
function countOf(answer: MetricsAnswer | null, dimension: Dimension, value?: string): number | null {
  if (answer === null) return null
  const rows = answer.data.filter((row) => value === undefined || row[dimension] === value)
  return rows.reduce((sum, row) => sum + size(row, 'count'), 0)
}

function newHosts({ hosts: reached, known }: Counts): number | null {
  if (reached === null || known === null) return null
  const seen = hostsOf(known)
  return [...hostsOf(reached)].filter((host) => !seen.has(host)).length
}
