import { beforeAll, describe, expect, inject, it } from 'vitest'
import { tracesOfHour } from '../../examples/fleet/fleet.ts'
import { eventsOf, type FleetEvent } from '../../examples/fleet/native.ts'
import type { EventInput } from '../../workers/contract/event.ts'
import { VIEWS } from '../../web/src/lib/features/views/views.ts'
import { createTenant, sendEvents, until } from '../support/harness.ts'
import { viewData, type ViewData } from '../support/view-data.ts'
import { EXPECTED } from '../support/view-expected.ts'
import { CALLS } from '../support/view-expected-calls.ts'
import { COMPARE } from '../support/view-expected-compare.ts'
import { FINANCE } from '../support/view-expected-finance.ts'
import { GOVERNANCE } from '../support/view-expected-governance.ts'
import { OPERATIONS } from '../support/view-expected-operations.ts'
import { makeThings, type Made } from '../support/view-made.ts'
import { clockOf, lastFallBack } from '../support/view-reference.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ZONE = 'Europe/Berlin'
const RUNS_SENT = 40
const ALL = { ...EXPECTED, ...OPERATIONS, ...CALLS, ...FINANCE, ...GOVERNANCE, ...COMPARE }
const PAGES = ['overview', ...VIEWS.map(({ id }) => id)]

const baseUrl = inject('baseUrl')
const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
const change = lastFallBack(ZONE, hour - 3 * DAY_MS)
let tenant: Awaited<ReturnType<typeof createTenant>>
let events: FleetEvent[]
let made: Made

/** The demo's fleet: now, some days ago, and around the night in which the clocks were set back. */
function fleet(): FleetEvent[] {
  const span = (fromMs: number, hours: number) => Array.from({ length: hours }, (_, at) => fromMs + at * HOUR_MS)
  const hours = [...span(hour - 6 * HOUR_MS, 6), ...span(hour - 4 * DAY_MS, 3), ...span(change - 26 * HOUR_MS, 52)]
  return hours
    .flatMap((at) => tracesOfHour(at, { seed: 5, tracesPerDay: 240 }))
    .flatMap(eventsOf)
    .filter(({ timestamp }) => timestamp < hour)
    .map(priced)
}

/** Each call of a model says what it cost, to the nano-dollar, so that prices play no part. */
function priced(event: FleetEvent): FleetEvent {
  if (event.tokens_prompt === undefined) return event
  const nano = Number(event.tokens_prompt) * 2503 + Number(event.tokens_completion) * 10_007
  return { ...event, cost_usd: (nano / 1e9).toFixed(9) }
}

beforeAll(async () => {
  tenant = await createTenant(baseUrl)
  made = await makeThings(tenant.session, tenant)
  events = fleet()
  // Whole traces, since some leaks are found within a batch.
  const runs = [...Map.groupBy(events, ({ trace_id }) => trace_id).values()]
  for (let at = 0; at < runs.length; at += RUNS_SENT)
    await sendEvents(baseUrl, tenant.key, runs.slice(at, at + RUNS_SENT).flat() as Partial<EventInput>[])
  const requests = events.filter(({ event_type }) => event_type === 'agent.request.completed').length
  await until(
    async () => {
      const { panels } = await viewData(tenant.session, `/${tenant.org.slug}/product?range=90d`, 'UTC')
      const outcomes = panels['product.outcomes']
      if (outcomes?.type !== 'table') return undefined
      const seen = outcomes.rows.reduce((sum, { cells }) => sum + Number(cells.traces), 0)
      return seen === requests || undefined
    },
    { timeoutMs: 60_000, what: `${requests} traces in the view` },
  )
}, 300_000)

const iso = (ms: number) => new Date(ms).toISOString()
const RANGES = [
  { name: 'the last 24 hours, UTC', query: 'range=24h', zone: 'UTC' },
  { name: 'the last 7 days, half an hour beside UTC', query: 'range=7d', zone: 'Asia/Kolkata' },
  {
    name: 'two days in which the clocks were set back, by hours',
    query: `from=${iso(change - DAY_MS)}&to=${iso(change + DAY_MS)}`,
    zone: ZONE,
  },
  {
    name: 'twelve days in which the clocks were set back, by days',
    query: `from=${iso(change - 6 * DAY_MS)}&to=${iso(change + 6 * DAY_MS)}`,
    zone: ZONE,
  },
  { name: '90 days, west of UTC', query: 'range=90d', zone: 'America/New_York' },
]

describe.each(RANGES)('the numbers of $name', ({ query, zone }) => {
  it.each(PAGES)('%s: are those of the raw events', async (view) => {
    const data = await viewData(tenant.session, `/${tenant.org.slug}/${view}?${query}`, zone)
    checkBuckets(data, zone)
    for (const [id, panel] of Object.entries(data.panels)) {
      const expected = ALL[id]
      if (expected === undefined)
        throw new Error(`nobody computes the numbers of ${id} (test/support/view-expected.ts)`)
      expect
        .soft({ [id]: expected.shown(panel) })
        .toEqual({ [id]: expected.computed(events, data.scope, { panel, made }) })
    }
  })

  it.each(['prompt_version', 'model'])('product: A against B by %s are those of the raw events', async (of) => {
    const path = `/${tenant.org.slug}/product?${query}&compare_by=${of}`
    const { panels, scope } = await viewData(tenant.session, path, zone)
    const [panel, expected] = [panels['product.comparison'], COMPARE['product.comparison']]
    if (panel === undefined || expected === undefined) throw new Error('there is no such panel')
    expect(panel.controls?.find(({ param }) => param === 'compare_by')?.value).toBe(of)
    expect(expected.shown(panel)).toEqual(expected.computed(events, scope, { panel, made }))
  })
})

/** Buckets follow each other without a gap, and days begin at midnight of the zone. */
function checkBuckets({ scope: { range } }: ViewData, zone: string): void {
  const edges = [...range.buckets, range.to_ms]
  expect(edges).toEqual(edges.toSorted((a, b) => a - b))
  if (range.step !== 'day') return
  for (const edge of edges) expect(clockOf(edge, zone)).toMatch(/ 00:00$/)
  expect(new Set(range.buckets.map((ms) => clockOf(ms, zone).slice(0, 10))).size).toBe(range.buckets.length)
}
