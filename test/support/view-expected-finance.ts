import type { FleetEvent } from '../../examples/fleet/native.ts'
import type { Cell, Scope, Shaped } from '../../web/src/lib/features/views/panel.ts'
import { PLANNED_USD } from './view-made.ts'
import { clockOf, eachOf, isIn, nanoOfUsd, textOf, usdOfNano } from './view-reference.ts'
import { allSeriesOf, figuresOf, near, part, rangeOf, rowsOf, type Expected } from './view-shown.ts'

const HOUR_MS = 3_600_000
const QUARTER_MS = 900_000
const NUMBERS = ['tokens_prompt', 'tokens_cached', 'tokens_cache_write', 'tokens_completion', 'tokens_reasoning']

/** Whatever says a cost is an entry of the ledger; in this test every call with tokens does. */
const entriesOf = (events: readonly FleetEvent[]) => events.filter(({ cost_usd }) => cost_usd !== undefined)
const spentOf = (events: readonly FleetEvent[]) => events.reduce((sum, e) => sum + nanoOfUsd(e.cost_usd), 0n)
const sumOf = (events: readonly FleetEvent[], name: string) => events.reduce((sum, e) => sum + Number(e[name] ?? 0), 0)

/** Events of the day, or with seven characters of the month, that it is by the clock of a zone. */
function sameClock(events: readonly FleetEvent[], { nowMs }: Scope, zone: string, chars: 7 | 10): FleetEvent[] {
  const now = clockOf(nowMs, zone).slice(0, chars)
  return events.filter(({ timestamp }) => clockOf(timestamp, zone).slice(0, chars) === now)
}

/** What was spent this month, of which there is a plan, by the clock of the organization. */
function planOf(events: readonly FleetEvent[], scope: Scope) {
  const actual = spentOf(sameClock(entriesOf(events), scope, 'UTC', 7))
  const difference = actual - nanoOfUsd(PLANNED_USD)
  return { actual, difference, percent: Number(difference) / Number(nanoOfUsd(PLANNED_USD)) }
}

const usdOf = (nano: bigint) => (nano < 0n ? `-${usdOfNano(-nano)}` : usdOfNano(nano))

/** Dollars a million tokens as the providers published them by late 2025: input, cache reads, cache writes. */
const PRICES: Record<string, readonly [number, number, number | null]> = {
  'gpt-4o': [2.5, 1.25, null],
  'gpt-4o-mini': [0.15, 0.075, null],
  'gpt-5': [1.25, 0.125, null],
  'gpt-5-mini': [0.25, 0.025, null],
  'claude-sonnet-4-5': [3, 0.3, 3.75],
  'claude-haiku-4-5': [1, 0.1, 1.25],
  'gemini-2.5-pro': [1.25, 0.125, null],
  'gemini-2.5-flash': [0.3, 0.03, null],
}

/** Pico-dollars for tokens at so many dollars a million. */
const picoOf = (tokens: number, price: number) => BigInt(tokens) * BigInt(Math.round(price * 1_000_000))
const nanoOfPico = (pico: bigint) => (pico + 500n) / 1000n

/** Paid for tokens of the cache, and what they would have cost as input; null where none of them has a price. */
function cacheOf(events: readonly FleetEvent[]): { paid: bigint; uncached: bigint; unpriced: number } | null {
  const [read, written] = [sumOf(events, 'tokens_cached'), sumOf(events, 'tokens_cache_write')]
  const [input = 0, cacheRead = null, cacheWrite = null] = PRICES[textOf(events[0]?.model)] ?? []
  const unpriced = (cacheRead === null ? read : 0) + (cacheWrite === null ? written : 0)
  if (unpriced > 0 && unpriced === read + written) return null
  return {
    paid: nanoOfPico(picoOf(read, cacheRead ?? 0) + picoOf(cacheWrite === null ? 0 : written, cacheWrite ?? 0)),
    uncached: nanoOfPico(picoOf(read + written - unpriced, input)),
    unpriced,
  }
}

/** The starts of a range's days by the clock of its zone, or of its hours; the first is that of the range. */
function startsOf({ range: { from_ms, to_ms, zone } }: Scope, cut: string): number[] {
  const starts = [from_ms]
  for (let ms = Math.floor(from_ms / QUARTER_MS + 1) * QUARTER_MS; ms < to_ms; ms += QUARTER_MS)
    if (cut === 'hour' ? ms % HOUR_MS === 0 : clockOf(ms, zone).endsWith('00:00')) starts.push(ms)
  return starts
}

function cutOf(panel: Shaped) {
  return panel.type === 'series' ? panel.cut : undefined
}

export const FINANCE: Record<string, Expected> = {
  'finance.figures': {
    shown: figuresOf,
    computed(events, scope) {
      const { zone } = scope.range
      const own = entriesOf(rangeOf(events, scope))
      const plan = planOf(events, scope)
      return {
        range: usdOfNano(spentOf(own)),
        today: usdOfNano(spentOf(sameClock(entriesOf(events), scope, zone, 10))),
        month: usdOfNano(spentOf(sameClock(entriesOf(events), scope, zone, 7))),
        planned: PLANNED_USD,
        variance: usdOf(plan.difference),
        entries: own.length,
        each: eachOf(spentOf(own), own.length),
        unpriced: 0,
      }
    },
  },
  'finance.budget-variance': {
    shown: (panel) => rowsOf(panel, ['budget', 'planned', 'actual', 'difference', 'percent']),
    computed(events, scope, { made: { budget } }) {
      const { actual, difference, percent } = planOf(events, scope)
      return { [budget.id]: [budget.name, PLANNED_USD, usdOfNano(actual), usdOf(difference), near(percent)] }
    },
  },
  'finance.spend-by': {
    shown: (panel) => rowsOf(panel, ['cost', 'share', 'entries', 'each', 'unpriced', ...NUMBERS]),
    computed(events, scope) {
      const own = entriesOf(rangeOf(events, scope))
      const all = Number(spentOf(own))
      return Object.fromEntries(
        [...Map.groupBy(own, ({ workflow_id }) => JSON.stringify([workflow_id]))].map(([key, group]) => {
          const cost = spentOf(group)
          const tokens = NUMBERS.map((name) => sumOf(group, name))
          const share = near(part(Number(cost), all))
          return [key, [usdOfNano(cost), share, group.length, eachOf(cost, group.length), 0, ...tokens]]
        }),
      )
    },
  },
  'finance.spend-over-time': {
    shown: (panel) => ({ series: allSeriesOf(panel), starts: cutOf(panel)?.buckets }),
    computed(events, scope, { panel }) {
      const starts = startsOf(scope, cutOf(panel)?.step ?? '')
      const spent = entriesOf(rangeOf(events, scope))
      if (spent.length === 0) return { series: {}, starts: undefined }
      const groups = Map.groupBy(spent, ({ workflow_id }) => textOf(workflow_id))
      const series = [...groups].map(([workflow, own]): [string, Cell[]] => [
        workflow,
        starts.map((from, at) => usdOfNano(spentOf(isIn(own, from, starts[at + 1] ?? scope.range.to_ms)))),
      ])
      return { series: Object.fromEntries(series), starts }
    },
  },
  'finance.cache': {
    shown: (panel) =>
      rowsOf(panel, ['entries', 'hit_ratio', 'paid_usd', 'uncached_usd', 'saved_usd', 'tokens_unpriced']),
    computed(events, scope) {
      const own = rangeOf(events, scope).filter(({ tokens_prompt }) => Number(tokens_prompt) > 0)
      const models = [...Map.groupBy(own, ({ provider, model }) => JSON.stringify([provider, model]))]
      const rowOf = (calls: readonly FleetEvent[], cache: ReturnType<typeof cacheOf>): unknown[] => [
        calls.length,
        near(part(sumOf(calls, 'tokens_cached'), sumOf(calls, 'tokens_prompt'))),
        ...(cache ? [cache.paid, cache.uncached, cache.uncached - cache.paid].map(usdOf) : [null, null, null]),
        cache?.unpriced ?? sumOf(calls, 'tokens_cached') + sumOf(calls, 'tokens_cache_write'),
      ]
      const rows = models.map(([key, calls]) => [key, rowOf(calls, cacheOf(calls))] as const)
      if (rows.length < 2) return Object.fromEntries(rows)
      const all = { paid: 0n, uncached: 0n, unpriced: 0 }
      for (const [, calls] of models) {
        const one = cacheOf(calls)
        all.paid += one?.paid ?? 0n
        all.uncached += one?.uncached ?? 0n
        all.unpriced += one?.unpriced ?? sumOf(calls, 'tokens_cached') + sumOf(calls, 'tokens_cache_write')
      }
      return Object.fromEntries([...rows, ['all', rowOf(own, all)]])
    },
  },
}
