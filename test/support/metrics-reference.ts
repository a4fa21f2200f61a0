import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { Dimension, Kind, Measure, MetricsQuery, MetricsRow } from '../../workers/contract/metrics.ts'
import { priceOf } from '../../workers/domain/ledger.ts'
import { NO_PRICES } from '../../workers/domain/price-book.ts'

/** An event with the project that it was sent to. */
export interface Placed {
  project_id: string
  workspace_id: string
  event: CanonicalEvent
}

/** What an event of the tests costs: as reported, or nothing for what no catalogue knows. */

/** Which of n sorted values is the q-quantile. */
export type RankOf = (q: number, n: number) => number
const lowerRank: RankOf = (q, n) => Math.floor(q * (n - 1))

/**
 * The answer to a query worked out from the raw events alone, one by one: what every back end is measured by.
 * Percentiles are exact here.
 */
export function referenceAnswer(
  events: readonly Placed[],
  query: MetricsQuery,
  range: { from_ms: number; to_ms: number },
  rankOf: RankOf = lowerRank,
): MetricsRow[] {
  const groups = new Map<string, Placed[]>()
  if (query.step === 'total' && query.dimensions.length === 0) groups.set('[]', [])
  for (const placed of events) {
    const { timestamp } = placed.event
    if (timestamp < range.from_ms || timestamp >= range.to_ms) continue
    if (!isCounted(placed.event, query.kind) && !isPaidIn(placed.event, query)) continue
    const place = placed
    if (!query.filters.every((f) => f.values.includes(valueOf(place, f.dimension, query.kind)) === (f.op === 'eq')))
      continue
    const key = JSON.stringify([
      ...(query.step === 'total' ? [] : [bucketOf(timestamp, query)]),
      ...query.dimensions.map((d) => valueOf(place, d, query.kind)),
    ])
    groups.set(key, [...(groups.get(key) ?? []), placed])
  }
  return [...groups].flatMap(([key, members]) => {
    const names = [...(query.step === 'total' ? [] : ['time']), ...query.dimensions]
    const row: MetricsRow = Object.fromEntries((JSON.parse(key) as string[]).map((value, i) => [names[i] ?? '', value]))
    for (const measure of query.measures) row[measure] = measureOf(measure, members, query, rankOf)
    return [row]
  })
}

function kindsOf(event: CanonicalEvent): Kind[] {
  const usage = event.cost_nanousd !== undefined || (event.tokens_prompt ?? 0) + (event.tokens_completion ?? 0) > 0
  switch (event.event_type) {
    case 'agent.request.completed':
      return [
        'request',
        'total',
        ...(event.user_id === undefined ? [] : (['user'] as const)),
        ...(event.model !== undefined && usage ? (['llm'] as const) : []),
      ]
    case 'agent.step.completed':
      return [event.model === undefined ? 'step' : 'llm']
    case 'agent.tool.called':
    case 'agent.tool.failed':
      return ['tool']
    case 'agent.retry':
      return ['retry']
    case 'agent.fallback.triggered':
      return ['fallback']
    case 'agent.policy.decision':
      return ['policy']
    default:
      return []
  }
}

const isCounted = (event: CanonicalEvent, kind: Kind) => kindsOf(event).includes(kind)

function isPaidIn(event: CanonicalEvent, query: MetricsQuery): boolean {
  const byResult = [...query.dimensions, ...query.filters.map((f) => f.dimension)].some(
    (d) => d === 'status' || d === 'error_type',
  )
  const paid = query.measures.some(
    (m) => m.startsWith('tokens') || m === 'cost_usd' || m === 'unpriced' || m === 'cache_hit_rate',
  )
  if (byResult || !paid || priceOf(event, NO_PRICES) === null) return false
  if (query.kind === 'request' || query.kind === 'total') return true
  if (query.kind === 'user') return event.user_id !== undefined
  // A request that names its model and its own usage is paid as a call of that model.
  const [first] = kindsOf(event)
    .filter((kind) => kind !== 'total' && kind !== 'user')
    .toReversed()
  return first === query.kind
}

function valueOf({ event, project_id, workspace_id }: Placed, dimension: Dimension, kind: Kind): string {
  if (dimension === 'project_id') return project_id
  if (dimension === 'workspace_id') return workspace_id
  if (dimension === 'status') return kind === 'policy' ? (event.policy_result ?? '') : (event.status ?? 'ok')
  if (dimension === 'error_type')
    return event.status === 'error' || event.status === 'blocked' ? (event.error_type ?? 'unknown') : ''
  if (dimension === 'tool_name' && kind === 'policy') return event.policy_id ?? ''
  const value = (event as unknown as Record<string, string | undefined>)[dimension]
  return value ?? ''
}

/** Local days by their date, so that the reference needs no arithmetic of zones; hours belong to the day they begin in. */
function bucketOf(ms: number, query: MetricsQuery): string {
  if (query.step === 'minute') return new Date(ms - (ms % 60_000)).toISOString()
  const hour = ms - (ms % 3_600_000)
  return query.step === 'hour' ? new Date(hour).toISOString() : localDate(hour, query.time_zone)
}

export function localDate(ms: number, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' }).format(ms)
}

function measureOf(
  measure: Measure,
  members: readonly Placed[],
  query: MetricsQuery,
  rankOf: RankOf,
): string | number | null {
  const counted = members.filter((m) => isCounted(m.event, query.kind)).map((m) => m.event)
  const paid = members.filter((m) => isPaidIn(m.event, query)).map((m) => m.event)
  const sum = (
    field: 'tokens_prompt' | 'tokens_completion' | 'tokens_cached' | 'tokens_cache_write' | 'tokens_reasoning',
  ) => paid.reduce((total, e) => total + (e[field] ?? 0), 0)
  const failed = (e: CanonicalEvent) => e.status === 'error' || e.status === 'blocked'
  const good = (e: CanonicalEvent) => !failed(e) && e.status !== 'cancelled' && e.outcome !== 'failure'
  const latencies = counted.flatMap((e) => (e.latency_ms === undefined ? [] : [e.latency_ms])).sort((a, b) => a - b)
  const rate = (part: number, whole: number) => (whole === 0 ? null : part / whole)
  const moneyless =
    !members.some((m) => isPaidIn(m.event, query)) &&
    [...query.dimensions, ...query.filters.map((f) => f.dimension)].some((d) => d === 'status' || d === 'error_type')
  switch (measure) {
    case 'count':
      return counted.length
    case 'errors':
      return counted.filter(failed).length
    case 'successes':
      return counted.filter(good).length
    case 'success_rate':
      return rate(counted.filter(good).length, counted.length)
    case 'error_rate':
      return rate(counted.filter(failed).length, counted.length)
    case 'latency_avg_ms':
      return rate(
        latencies.reduce((a, b) => a + Math.round(b), 0),
        latencies.length,
      )
    case 'latency_count':
      return latencies.length
    case 'latency_within_rate':
      return rate(latencies.filter((latency) => latency <= (query.within_ms ?? 0)).length, latencies.length)
    case 'latency_p50_ms':
      return latencies[rankOf(0.5, latencies.length)] ?? null
    case 'latency_p90_ms':
      return latencies[rankOf(0.9, latencies.length)] ?? null
    case 'latency_p99_ms':
      return latencies[rankOf(0.99, latencies.length)] ?? null
    case 'unique_users':
      return new Set(
        members.flatMap((m) => (m.event.event_type === 'agent.request.completed' ? (m.event.user_id ?? []) : [])),
      ).size
    case 'unique_agents':
      return new Set(
        members.flatMap((m) => (m.event.event_type === 'agent.request.completed' ? (m.event.agent_id ?? []) : [])),
      ).size
    case 'latency_histogram':
      throw new Error('histograms are compared bin by bin, not by value')
    case 'cost_usd':
      return moneyless ? null : usdOf(paid)
    case 'cost_avg_usd':
      return moneyless ? null : shareOf(paid, counted.length)
    case 'cost_per_success_usd':
      return moneyless ? null : shareOf(paid, counted.filter(good).length)
    case 'unpriced':
      return moneyless ? null : paid.filter((e) => priceOf(e, NO_PRICES)?.cost_source === 'unpriced').length
    case 'tokens_total':
      return moneyless ? null : sum('tokens_prompt') + sum('tokens_completion')
    case 'cache_hit_rate':
      return moneyless ? null : rate(sum('tokens_cached'), sum('tokens_prompt'))
    case 'tokens_prompt':
    case 'tokens_completion':
    case 'tokens_cached':
    case 'tokens_cache_write':
    case 'tokens_reasoning':
      return moneyless ? null : sum(measure)
    default:
      throw new Error(`${measure} is worked out elsewhere (facts-reference.ts)`)
  }
}

const costOf = (events: readonly CanonicalEvent[]) =>
  events.reduce((total, e) => total + BigInt(e.cost_nanousd ?? 0), 0n)

function usdOf(events: readonly CanonicalEvent[], cost = costOf(events)): string {
  const nano = cost.toString().padStart(10, '0')
  return `${nano.slice(0, -9)}.${nano.slice(-9)}`
}

/** Rounded half up: what a share costs, had it one more digit. */
function shareOf(events: readonly CanonicalEvent[], shares: number): string | null {
  if (shares === 0) return null
  const tenths = (costOf(events) * 10n) / BigInt(shares)
  return usdOf(events, tenths / 10n + (tenths % 10n >= 5n ? 1n : 0n))
}
