import type { FleetEvent } from '../../examples/fleet/native.ts'
import { formatDuration, formatPercent, formatUsd } from '../../web/src/lib/format.ts'
import type { Cell, Scope, Shaped } from '../../web/src/lib/features/views/panel.ts'
import { began, costOf, eachOf, requestsOf, successesOf, textOf, tracesOf, type RunFacts } from './view-reference.ts'
import { byBucket, near, part, rowsOf, type Expected } from './view-shown.ts'

const Z = 1.959963984540054
const RUNS_MIN = 30

/** What a panel says that it was asked for. */
const chosenIn = ({ controls = [] }: Shaped, param: string) =>
  controls.find((control) => control.param === param)?.value ?? ''

const tracesIn = (events: readonly FleetEvent[], { range }: Scope) =>
  began(tracesOf(events), range.from_ms, range.to_ms)

/** The ends of Wilson's interval: the roots of (p − x)² = z² x (1 − x) / n. */
function wilson(good: number, n: number): [low: number, high: number] {
  const p = good / n
  const [a, b, c] = [1 + Z ** 2 / n, -(2 * p + Z ** 2 / n), p ** 2]
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c))
  // All and none are ends of their own interval, where the root is off by the last bit.
  return [good === 0 ? 0 : (-b - root) / (2 * a), good === n ? 1 : (-b + root) / (2 * a)]
}

/** B's rate minus A's, with Newcombe's interval (1998, method 10). */
function newcombe(a: readonly RunFacts[], b: readonly RunFacts[]) {
  const [p, q] = [successesOf(a) / a.length, successesOf(b) / b.length]
  const [[lowA, highA], [lowB, highB]] = [wilson(successesOf(a), a.length), wilson(successesOf(b), b.length)]
  const value = q - p
  return { value, low: value - Math.hypot(q - lowB, highA - p), high: value + Math.hypot(highB - q, p - lowA) }
}

function verdictOf(a: readonly RunFacts[], b: readonly RunFacts[]): 'better' | 'worse' | 'none' | 'few' {
  if (Math.min(a.length, b.length) < RUNS_MIN) return 'few'
  const { low, high } = newcombe(a, b)
  return low > 0 ? 'better' : high < 0 ? 'worse' : 'none'
}

const COMPARED_WORDS = {
  better: 'B is better',
  worse: 'B is worse',
  none: 'no difference shown',
  few: 'too few traces',
}
const RELEASE_WORDS = { better: 'better', worse: 'worse', none: 'no difference shown', few: 'too few traces' }

/** Everything of a side as it is said. */
function saidOf(traces: readonly RunFacts[], tookOf: ReadonlyMap<string, number>): Cell[] {
  const n = traces.length
  if (n === 0) return ['0', null, null, null, null]
  const [low, high] = wilson(successesOf(traces), n).map((end) => Math.min(1, Math.max(0, end)))
  const took = traces.map(({ trace_id }) => tookOf.get(trace_id) ?? 0).sort((x, y) => x - y)
  const at = (q: number) => formatDuration(took[Math.floor(q * (n - 1))] ?? 0)
  const rate = formatPercent(successesOf(traces) / n)
  return [
    n.toLocaleString('en'),
    `${rate} (${formatPercent(low ?? 0)} to ${formatPercent(high ?? 0)})`,
    formatUsd(eachOf(costOf(traces), n) ?? '0'),
    at(0.5),
    at(0.9),
  ]
}

/** Traces that used one of two values, and not the other. */
function sidesOf(events: readonly FleetEvent[], traces: readonly RunFacts[], of: string, values: [string, string]) {
  const used = new Map<string, Set<string>>()
  for (const event of events) {
    const own = used.get(event.trace_id) ?? new Set()
    used.set(event.trace_id, own)
    if (textOf(event[of]) !== '') own.add(textOf(event[of]))
  }
  const has = ({ trace_id }: RunFacts, value: string) => {
    const own = used.get(trace_id) ?? new Set()
    return value === '' ? own.size === 0 : own.has(value)
  }
  const [a, b] = values
  return [
    traces.filter((trace) => has(trace, a) && !has(trace, b)),
    traces.filter((trace) => has(trace, b) && !has(trace, a)),
  ] as const
}

/** From the beginning of a trace to the last of its events. */
const tooksOf = (events: readonly FleetEvent[], traces: readonly RunFacts[]) => {
  const ends = new Map<string, number>()
  for (const { trace_id, timestamp } of events) ends.set(trace_id, Math.max(ends.get(trace_id) ?? 0, timestamp))
  return new Map(traces.map(({ trace_id, startMs }) => [trace_id, (ends.get(trace_id) ?? 0) - startMs]))
}

/** Mean of the scores that traces of a version carried at their end. */
function scoreOf(events: readonly FleetEvent[], traces: readonly RunFacts[], of: string): string | null {
  if (of !== 'workflow_version' || traces.length === 0) return null
  const ids = new Set(traces.map(({ trace_id }) => trace_id))
  const values = requestsOf(events)
    .filter(({ trace_id }) => ids.has(trace_id))
    .map(({ scores }) => (scores as { quality: number }).quality)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return `${mean.toLocaleString('en', { maximumSignificantDigits: 3 })} of ${values.length.toLocaleString('en')}`
}

export const COMPARE: Record<string, Expected> = {
  'product.comparison': {
    shown: (panel) => ({ rows: rowsOf(panel, ['a', 'b']), verdict: verdictIn(panel) }),
    computed(events, scope, { panel }) {
      const all = tracesIn(events, scope)
      const [workflow, of] = [chosenIn(panel, 'workflow'), chosenIn(panel, 'compare_by')]
      const own = all.filter((trace) => trace.workflow === workflow)
      const busiest = Math.max(
        0,
        ...[...Map.groupBy(all, (trace) => trace.workflow).values()].map(({ length }) => length),
      )
      if (own.length < busiest) return `${workflow} is not the workflow of most traces`
      if (chosenIn(panel, 'a') === '') return { rows: {}, verdict: undefined }
      const [a, b] = sidesOf(events, own, of, [chosenIn(panel, 'a'), chosenIn(panel, 'b')])
      const tookOf = tooksOf(events, own)
      const said = [saidOf(a, tookOf), saidOf(b, tookOf)] as const
      const keys = ['runs', 'success_rate', 'cost_avg_usd', 'latency_p50_ms', 'latency_p90_ms']
      const rows = Object.fromEntries(
        keys.map((key, at): [string, Cell[]] => [key, said.map((side) => side[at] ?? null)]),
      )
      const scores = [scoreOf(events, a, of), scoreOf(events, b, of)]
      return {
        rows: { ...rows, ...(!scores.includes(null) && { 'score quality': scores }) },
        verdict: COMPARED_WORDS[verdictOf(a, b)],
      }
    },
  },
  'product.releases': {
    shown: (panel) => rowsOf(panel, ['at', 'before', 'since', 'verdict', 'n']),
    computed(events, scope, { panel }) {
      const traces = tracesIn(events, scope).filter((trace) => trace.workflow === chosenIn(panel, 'workflow'))
      const buckets = byBucket(scope, (from, to) => ({ from, traces: began(traces, from, to) }))
      const first = new Map<string, number>()
      for (const { from, traces: own } of buckets)
        for (const { version } of own) if (!first.has(version)) first.set(version, from)
      const start = Math.min(...first.values())
      // Of versions that came at the same time the panel says which it takes for the earlier one.
      const order = Object.keys(rowsOf(panel, []))
      const found = [...first]
        .filter(([, at]) => at > start)
        .sort(([a, from], [b, to]) => from - to || order.indexOf(a) - order.indexOf(b))
      return Object.fromEntries(
        found.map(([version, at], index) => {
          const before = began(traces, found[index - 1]?.[1] ?? scope.range.from_ms, at)
          const since = began(traces, at, found[index + 1]?.[1] ?? Infinity)
          const rate = (own: RunFacts[]) => near(part(successesOf(own), own.length))
          const n = `${before.length.toLocaleString('en')} and ${since.length.toLocaleString('en')}`
          return [version, [at, rate(before), rate(since), RELEASE_WORDS[verdictOf(before, since)], n]]
        }),
      )
    },
  },
  'governance.residency': {
    shown: (panel) => ({ pinned: [...new Set(Object.values(rowsOf(panel, ['promised'])).flat())], note: panel.note }),
    // The organization of this test is in no region.
    computed: () => ({ pinned: ['no'], note: 'region Global (global)' }),
  },
}

/** What a comparison says of the rate of success; undefined where it compares nothing. */
const verdictIn = (panel: Shaped) =>
  panel.type === 'table' ? panel.rows.find(({ key }) => key === 'success_rate')?.cells.verdict : undefined
