import { describe, expect, it } from 'vitest'
import { answerOf, scopeFor as scopeAt } from '../support/view-scope.ts'
import type { TraceSummary } from '../../workers/contract/trace.ts'
import type { MetricsRow } from '../../workers/contract/metrics.ts'
import { classSeries, taxonomyRows } from '../../web/src/lib/features/views/operations/errors.ts'
import { hourOf, mapOf } from '../../web/src/lib/features/views/operations/failures.ts'
import { headFigures, type HeadAnswers } from '../../web/src/lib/features/views/operations/head.ts'
import { latencyGroups } from '../../web/src/lib/features/views/operations/latency.ts'
import { retryRows } from '../../web/src/lib/features/views/operations/retries.ts'
import { stormsOf } from '../../web/src/lib/features/views/operations/storms.ts'
import { perMinute } from '../../web/src/lib/features/views/operations/traffic.ts'

const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 10, 20, 14, 30)
const scopeFor = (query: string, zone = 'UTC') => scopeAt(query, NOW, zone)
const answer = (...rows: MetricsRow[]) => answerOf(rows)
const iso = (ms: number) => new Date(ms).toISOString()

describe('the head', () => {
  const answers = (count: number): HeadAnswers => ({
    requests: answer({ count, errors: 3, success_rate: 0.9, concurrency_avg: 1.25 }),
    users: answer({ unique_users: 7 }),
    agents: answer({ unique_agents: 2 }),
    calls: answer({ count: 200 }),
    retries: answer({ count: 10 }),
    fallbacks: answer({ count: 0 }),
  })

  it('sets each figure against its value before, over the time that has gone by', () => {
    // 24 hours, of which the last has got half way.
    const scope = scopeFor('range=24h')
    const figures = headFigures(answers(141), answers(282), scope)
    const of = (key: string) => figures.find((figure) => figure.key === key)
    expect(figures.map(({ key }) => key)).toEqual([
      'requests',
      'per_minute',
      'success_rate',
      'failed',
      'retry_rate',
      'fallback_rate',
      'users',
      'agents',
      'concurrency',
    ])
    expect(of('requests')).toMatchObject({ value: 141, before: 282 })
    expect(of('per_minute')?.value).toBeCloseTo(141 / (23.5 * 60), 12)
    expect(of('retry_rate')).toMatchObject({ value: 0.05, before: 0.05 })
    expect(of('fallback_rate')?.value).toBe(0)
    expect(of('concurrency')).toMatchObject({ value: 1.25, before: 1.25 })
    expect(of('failed')?.href).toBe('/acme/traces?range=24h&project=first&status=error')
  })

  it('has no rate of nothing, and says what a filter does not tell apart', () => {
    const none = { ...answers(0), calls: answer({ count: 0 }), requests: answer({ count: 0, success_rate: null }) }
    const figures = headFigures({ ...none, users: null }, null, scopeFor('range=24h'))
    const of = (key: string) => figures.find((figure) => figure.key === key)
    expect(of('retry_rate')).toMatchObject({ value: null, before: null })
    expect(of('success_rate')?.value).toBeNull()
    expect(of('users')).toMatchObject({ value: null, note: 'not told apart by what is filtered' })
    expect(of('agents')?.note).toBeUndefined()
  })
})

describe('rates by minute', () => {
  it('divide by the minutes that have gone by, and leave out what has hardly begun', () => {
    const range = { buckets: [NOW - 2 * HOUR_MS, NOW - HOUR_MS, NOW], to_ms: NOW + HOUR_MS }
    expect(perMinute([120, 60, 10], range, NOW + HOUR_MS / 2)).toEqual([2, 1, 10 / 30])
    expect(perMinute([120, 60, 10], range, NOW + HOUR_MS / 10)).toEqual([2, 1, null])
    expect(perMinute([120, 60, 10], range, NOW - HOUR_MS / 2)).toEqual([2, 2, null])
  })
})

describe('failures by step and hour', () => {
  const at = (hour: number, step: string, count: number, more: MetricsRow = {}): MetricsRow => ({
    time: iso(Date.UTC(2026, 10, 20, hour)),
    step,
    count,
    ...more,
  })

  it('has a column for each hour of a short range, and the worst step first', () => {
    const map = mapOf(
      [at(9, 'plan', 2), at(10, '', 5, { tool_name: 'pay' }), at(9, 'plan', 1), at(10, '', 1, { model: 'm' })],
      scopeFor('range=24h'),
    )
    expect(map.columns).toHaveLength(24)
    expect(map.columns[0]?.label).toBe('19 Nov 15:00')
    expect(map.columns.find(({ label }) => label.includes('20 Nov'))?.label).toBe('20 Nov 00:00')
    expect(map.rows.map(({ label, values }) => [label, values.filter((value) => value !== 0)])).toEqual([
      ['pay', [5]],
      ['plan', [3]],
      ['m', [1]],
    ])
    const hrefs = map.rows[1]?.hrefs.filter((href) => href !== null)
    expect(hrefs).toEqual([
      '/acme/traces?from=2026-11-20T09%3A00%3A00.000Z&to=2026-11-20T10%3A00%3A00.000Z&project=first&failure_step=plan',
    ])
    const filters = map.rows.map(({ hrefs }) => hrefs.find((href) => href !== null)?.split('project=first&')[1])
    expect(filters).toEqual(['failure_tool=pay', 'failure_step=plan', 'failure_model=m'])
  })

  it('has the hours of the viewer’s day for a long range, over a change of the clocks', () => {
    // Berlin left summer time on 25 October 2026 at 01:00 UTC.
    const scope = scopeFor('from=2026-10-24T00:00&to=2026-10-27T00:00', 'Europe/Berlin')
    const map = mapOf(
      [
        { time: '2026-10-24T07:00:00.000Z', step: 'plan', count: 1 },
        { time: '2026-10-25T08:00:00.000Z', step: 'plan', count: 4 },
        { time: '2026-10-26T08:00:00.000Z', step: 'plan', count: 2 },
      ],
      scope,
    )
    expect(map.columns.map(({ label }) => label)).toEqual(
      Array.from({ length: 24 }, (_, i) => String(i).padStart(2, '0')),
    )
    expect(map.rows[0]?.values[9]).toBe(7)
    expect(map.rows[0]?.hrefs[9]).toContain('from=2026-10-25T08%3A00%3A00.000Z&to=2026-10-25T09%3A00%3A00.000Z')
    expect(hourOf(Date.UTC(2026, 10, 20, 18, 30), 'Asia/Kolkata')).toBe(0)
  })

  it('shows what lies ahead as a gap, and minutes of an hour by five', () => {
    const hour = scopeFor('range=1h')
    const map = mapOf(
      [
        { time: iso(NOW - 60_000), step: 'plan', count: 1 },
        { time: iso(NOW), step: 'plan', count: 1 },
      ],
      hour,
    )
    expect(map.columns.length).toBeGreaterThanOrEqual(12)
    expect(map.columns.length).toBeLessThanOrEqual(13)
    expect(map.rows[0]?.values.filter((value) => value === 1)).toHaveLength(2)
    const day = scopeFor('from=2026-11-20T00:00&to=2026-11-21T00:00')
    expect(mapOf([at(9, 'plan', 1)], day).rows[0]?.values.slice(13, 16)).toEqual([0, 0, null])
  })
})

describe('errors', () => {
  const scope = scopeFor('range=24h')
  const time = (hour: number) => iso(Date.UTC(2026, 10, 20, hour))

  it('are told by class and type, calls apart from the requests that failed by them', () => {
    const rows = taxonomyRows(
      answer({ time: time(9), error_type: 'timeout', count: 2 }),
      [
        answer({ time: time(8), error_type: 'timeout', count: 3 }, { time: time(11), error_type: 'timeout', count: 3 }),
        answer({ time: time(10), error_type: 'tool_timeout', count: 2 }),
        null,
      ],
      scope,
    )
    expect(rows.map(({ cells }) => cells)).toEqual([
      {
        type: 'timeout',
        class: 'provider',
        calls: 6,
        share: 0.75,
        requests: 2,
        first: Date.parse(time(8)),
        last: Date.parse(time(11)),
      },
      expect.objectContaining({ type: 'tool_timeout', class: 'tooling', calls: 2, share: 0.25, requests: 0 }),
    ])
    expect(rows[1]?.href).toBe('/acme/traces?range=24h&project=first&failure_type=tool_timeout')
    expect(rows[1]?.links?.class).toBe('/acme/traces?range=24h&project=first&failure_class=tooling')
  })

  it('have shares of requests where no call failed', () => {
    const rows = taxonomyRows(answer({ time: time(9), error_type: 'odd', count: 2 }), [], scope)
    expect(rows[0]?.cells).toMatchObject({ class: 'unknown', calls: 0, share: 1, requests: 2 })
  })

  it('are summed by class over time', () => {
    const series = classSeries(
      [
        answer({ time: time(8), error_type: 'timeout', count: 1 }),
        answer({ time: time(8), error_type: 'rate_limit', count: 2 }),
      ],
      scope,
    )
    expect(series.map(([name, values]) => [name, values.filter((value) => value !== 0)])).toEqual([['provider', [3]]])
    expect(series[0]?.[1]).toHaveLength(24)
  })
})

describe('retries', () => {
  it('are set against the calls of the same name', () => {
    const trace = (more: Partial<TraceSummary>) =>
      ({ complete: true, status: 'ok', outcome: null, models: ['m'], ...more }) as TraceSummary
    const rows = retryRows(
      {
        calls: answer({ model: 'm', provider: 'x', count: 50 }, { model: 'calm', provider: 'x', count: 9 }),
        retries: answer({ model: 'm', provider: 'x', count: 10 }, { model: '', provider: '', count: 2 }),
        fallbacks: answer({ model: 'm', provider: 'x', count: 1 }),
        retried: [
          trace({}),
          trace({ status: 'error' }),
          trace({ outcome: 'failure' }),
          trace({ status: 'running', complete: false }),
          trace({ models: ['n', 'm'] }),
          trace({ models: ['n'] }),
        ],
        fallen: [],
      },
      ['model', 'provider'],
      { href: () => '/there', isOf: ({ models }, row) => models.includes(String(row.model)) },
    )
    expect(rows.map(({ cells }) => cells)).toEqual([
      {
        model: 'm',
        provider: 'x',
        calls: 50,
        retries: 10,
        retry_rate: 0.2,
        retries_ok: 0.5,
        fallbacks: 1,
        fallback_rate: 0.02,
        fallbacks_ok: null,
      },
      expect.objectContaining({ model: 'not named', calls: 0, retries: 2, retry_rate: null, retries_ok: null }),
    ])
  })

  it.each([
    ['nothing', [0, 0, 0], []],
    ['few', [1, 1, 9], []],
    ['what is usual', [20, 30, 25, 40], []],
    ['one interval alone', [0, 90, 0], []],
    ['a storm', [5, 0, 4, 60, 6], [[3, '60 retries, 12.0 times the median']]],
  ])('have no storm of what is usual: %s', (_, counts, marks) => {
    const buckets = counts.map((_count, at) => at)
    expect(stormsOf(counts, buckets).map(({ at_ms, label }) => [at_ms, label])).toEqual(marks)
  })
})

describe('latencies', () => {
  const G = 1.02 / 0.98
  const bin = (i: number, count: number): [number, number, number] => [G ** (i - 1), G ** i, count]

  it('of several groups lie in the same bins, each value in one', () => {
    const groups = latencyGroups(
      [
        { model: 'a', latency_histogram: [[0, 0.001, 2], bin(100, 5), bin(101, 1)], latency_p50_ms: 52 },
        { model: 'b', latency_histogram: [bin(260, 3)], latency_p50_ms: 32_000 },
        { model: 'idle', latency_histogram: [] },
      ],
      (row) => String(row.model),
    )
    expect(groups.map(({ key }) => key)).toEqual(['a', 'b'])
    const [a, b] = groups
    expect(a?.bins.map(({ from, to }) => [from, to])).toEqual(b?.bins.map(({ from, to }) => [from, to]))
    expect(a?.bins.length).toBeLessThanOrEqual(32)
    expect(a?.bins[0]).toMatchObject({ count: 8 })
    expect(b?.bins.at(-1)?.count).toBe(3)
    expect(a?.marks[0]).toEqual({ label: 'p50', value: 52 })
  })

  it('that took no time have one bin', () => {
    const groups = latencyGroups([{ model: 'a', latency_histogram: [[0, 0.001, 4]] }], () => 'a')
    expect(groups[0]?.bins).toEqual([{ from: 0, to: 1, count: 4 }])
  })
})
