import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { Kind, MetricsQuery, MetricsRow } from '../../workers/contract/metrics.ts'
import { localDate } from './metrics-reference.ts'

/** One thing that an event tells, with the names and numbers of its own. */
interface Told {
  at: number
  names: Record<string, string>
  values: Record<string, number>
}

type Findings = CanonicalEvent['pii_detected']
const recordOf = (found: Findings) => (typeof found === 'number' ? { unknown: found } : (found ?? {}))
const failed = ({ status }: CanonicalEvent) => status === 'error' || status === 'blocked'

/** What the events tell of a kind, one by one. */
export function toldBy(events: readonly CanonicalEvent[], kind: Kind): Told[] {
  return events.flatMap((event) => {
    const {
      environment = '',
      agent_id = '',
      workflow_id = '',
      workflow_version = '',
      step = '',
      tool_name = '',
    } = event
    const { provider = '', model = '', prompt_version = '' } = event
    const who = { environment, agent_id, workflow_id, workflow_version }
    const told = (names: Record<string, string>, values: Record<string, number>): Told => ({
      at: event.timestamp,
      names: { ...who, ...names },
      values,
    })
    if (kind === 'score')
      return Object.entries(event.scores ?? {})
        .filter(([, score]) => Math.abs(score) <= 10_000)
        .map(([score_name, score]) => told({ step, provider, model, prompt_version, score_name }, { score }))
    if (kind === 'egress') {
      if (event.egress_host === undefined || event.event_type.endsWith('.started')) return []
      return [told({ step, tool_name, egress_host: event.egress_host }, { errors: failed(event) ? 1 : 0 })]
    }
    if (kind === 'queue') return event.queue_depth === undefined ? [] : [told({}, { depth: event.queue_depth })]
    const detected = recordOf(event.pii_detected)
    const redacted = recordOf(event.pii_redacted)
    return [...new Set([...Object.keys(detected), ...Object.keys(redacted)])]
      .map((pii_type) =>
        told({ step, tool_name, pii_type }, { detected: detected[pii_type] ?? 0, redacted: redacted[pii_type] ?? 0 }),
      )
      .filter(({ values }) => Object.values(values).some((n) => n > 0))
  })
}

/** The answer to a query of a fact, folded from the events alone; percentiles are left to the caller. */
export function foldedAnswer(events: readonly CanonicalEvent[], query: MetricsQuery): MetricsRow[] {
  const groups = new Map<string, Told[]>()
  for (const told of toldBy(events, query.kind)) {
    if (told.at < Date.parse(query.from) || told.at >= Date.parse(query.to)) continue
    if (!query.filters.every((f) => f.values.includes(told.names[f.dimension] ?? '') === (f.op === 'eq'))) continue
    const key = JSON.stringify([timeOf(told.at, query), ...query.dimensions.map((name) => told.names[name])])
    groups.set(key, [...(groups.get(key) ?? []), told])
  }
  return [...groups].map(([key, members]) => {
    const [time, ...names] = JSON.parse(key) as string[]
    const row: MetricsRow = query.step === 'total' ? {} : { time: time ?? '' }
    query.dimensions.forEach((name, i) => (row[name] = names[i] ?? ''))
    for (const measure of query.measures) row[measure] = measureOf(measure, members)
    return row
  })
}

function timeOf(ms: number, { step, time_zone }: MetricsQuery): string {
  if (step === 'total') return ''
  const hour = ms - (ms % 3_600_000)
  return step === 'day' ? localDate(hour, time_zone) : new Date(hour).toISOString()
}

function measureOf(measure: string, members: readonly Told[]): number | null {
  const all = (name: string) => members.map(({ values }) => values[name] ?? 0)
  const sum = (name: string) => all(name).reduce((a, b) => a + b, 0)
  const mean = (name: string) => sum(name) / members.length
  switch (measure) {
    case 'count':
      return members.length
    case 'errors':
      return sum('errors')
    case 'pii_detected':
      return sum('detected')
    case 'pii_redacted':
      return sum('redacted')
    case 'value_avg':
      return mean('depth')
    case 'score_avg':
      return mean('score')
    case 'score_stddev':
      if (members.length < 2) return null
      return Math.sqrt(all('score').reduce((s, x) => s + (x - mean('score')) ** 2, 0) / (members.length - 1))
    default:
      throw new Error(`nothing is folded for ${measure}`)
  }
}
