import { describe, expect, it } from 'vitest'
import type { MetricsAnswer, MetricsRow } from '../../workers/contract/metrics.ts'
import { MetricsQuery } from '../../workers/contract/metrics.ts'
import { ApiError } from '../../web/src/lib/api.ts'
import type { Filters } from '../../web/src/lib/features/filters/filters.ts'
import { parseRange } from '../../web/src/lib/features/filters/range.ts'
import {
  errorsQuery,
  modelsQuery,
  previousTotalsQuery,
  seriesQuery,
  shapeChanges,
  shapeSeries,
  shapeTotals,
  totalsQuery,
  workflowsQuery,
  type Totals,
} from '../../web/src/lib/features/overview/overview.ts'
import { loadOverview, type OverviewApi } from '../../web/src/lib/features/overview/load.ts'
import { shapeSpend, spendQuery, workflowSpendQuery } from '../../web/src/lib/features/overview/spend.ts'
import { costsFromLedger, shapeErrors, shapeModels, shapeWorkflows } from '../../web/src/lib/features/overview/top.ts'
import { mergeWatermarks } from '../../web/src/lib/features/overview/watermark.ts'

const NOW = Date.UTC(2026, 10, 23, 12, 30)
const PERIOD = parseRange(new URLSearchParams('range=24h'), NOW, 'UTC')
const SCOPE = { filters: { project: ['prj_1'] } }
const iso = (ms: number) => new Date(ms).toISOString()
const answer = (data: MetricsRow[]): MetricsAnswer => ({
  data,
  meta: { approximate: false, sampled: false, back_end: 'd1', truncated: false },
})

describe('queries', () => {
  const all = [seriesQuery, totalsQuery, workflowsQuery, modelsQuery, errorsQuery].map((make) => make(PERIOD, SCOPE))

  it('are what the contract takes, and name the project', () => {
    for (const query of [...all, previousTotalsQuery(PERIOD, SCOPE, NOW)]) {
      expect(MetricsQuery.parse(query).filters).toEqual([{ dimension: 'project_id', op: 'eq', values: ['prj_1'] }])
    }
  })

  it('ask for both periods in one series', () => {
    expect(seriesQuery(PERIOD, SCOPE)).toMatchObject({
      from: iso(PERIOD.from_ms - 24 * 3_600_000),
      to: iso(PERIOD.to_ms),
      step: 'hour',
    })
  })

  it('hold the previous period only as long as this one has lasted', () => {
    expect(previousTotalsQuery(PERIOD, SCOPE, NOW)).toMatchObject({
      from: iso(PERIOD.previous.from_ms),
      to: iso(PERIOD.previous.from_ms + 23 * 3_600_000),
    })
  })

  it('have no filter for the whole organization', () => {
    expect(totalsQuery(PERIOD, { filters: { environment: ['prod'] } }).filters).toEqual([
      { dimension: 'environment', op: 'eq', values: ['prod'] },
    ])
  })
})

describe('what is counted', () => {
  it.each([
    [{}, 'request'],
    [{ project: ['p'], environment: ['e'], agent_id: ['a'], workflow_version: ['v'] }, 'request'],
    [{ user_id: ['u'] }, 'user'],
    [{ provider: ['p'] }, 'llm'],
    [{ model: ['m'], user_id: ['u'] }, 'llm'],
  ] as [Filters, string][])('with %o is of kind %s', (filters, kind) => {
    for (const make of [seriesQuery, totalsQuery, workflowsQuery, errorsQuery])
      expect(MetricsQuery.parse(make(PERIOD, { filters })).kind).toBe(kind)
  })

  it('asks the ledger for every value of every filter', () => {
    const scope = { filters: { workflow_id: ['a', 'b'], user_id: ['u'], environment: ['e'] } }
    const query = workflowSpendQuery(PERIOD, scope)
    expect([query.getAll('workflow'), query.getAll('user'), query.getAll('environment')]).toEqual([
      ['a', 'b'],
      ['u'],
      ['e'],
    ])
  })

  it('says which filter a number cannot be told apart by', async () => {
    const detail = 'Rows of kind "user" carry no agent_id; they carry workspace_id, project_id, environment, user_id.'
    const api: OverviewApi = {
      metrics: () =>
        Promise.reject(
          new ApiError({ type: '', title: '', status: 400, code: 'invalid_input', detail, instance: 'req_1' }),
        ),
      spend: () => Promise.reject(new Error('off')),
      watermark: () => Promise.reject(new Error('off')),
    }
    const load = loadOverview(api, PERIOD, { filters: { user_id: ['u'], agent_id: ['a'] } }, ['a'], NOW)
    expect(await load.totals).toEqual({
      ok: false,
      problem: {
        detail: 'This cannot be told apart by “Agent”: clear that filter to see it.',
        request_id: null,
        final: true,
      },
    })
    expect(await load.spend).toMatchObject({ ok: false, problem: { detail: 'The server could not be reached.' } })
  })
})

const at = (hours: number, rest: MetricsRow) => ({ time: iso(PERIOD.from_ms + hours * 3_600_000), ...rest })

describe('shapeSeries', () => {
  const series = shapeSeries(
    answer([
      at(-24, { count: 5, errors: 1, successes: 3, cost_usd: '1.000000000', tokens_prompt: 10, tokens_completion: 0 }),
      at(0, {
        count: 10,
        errors: 1,
        successes: 8,
        cost_usd: '1.500000000',
        tokens_prompt: 20,
        tokens_completion: 5,
        latency_p50_ms: 120,
      }),
      at(23, { count: 3, errors: 3, cost_usd: '9.000000000', tokens_prompt: 1, tokens_completion: 1 }),
    ]),
    PERIOD,
    NOW,
  )

  it('puts each row in its bucket; counts are zero where there is none, latencies are gaps', () => {
    expect(series.current).toHaveLength(24)
    expect(series.current[0]).toMatchObject({ count: 10, cost_usd: '1.500000000', p50_ms: 120, partial: false })
    expect(series.current[1]).toMatchObject({ count: 0, cost_usd: '0.000000000', p50_ms: null })
    expect(series.previous[0]).toMatchObject({ count: 5 })
    expect(series.empty).toBe(false)
  })

  it('knows that the last bucket is not over', () => {
    expect(series.current.filter((bucket) => bucket.partial).map((bucket) => bucket.count)).toEqual([3])
  })

  it('compares complete buckets only, and says what is good', () => {
    const totals: Totals = { ...shapeTotals(answer([])), p99_ms: 80 }
    const changes = shapeChanges(series, totals, { ...totals, p99_ms: 100 })
    expect(changes.cost).toEqual({ value: 0.5, unit: 'share', good: false })
    expect(changes.count).toEqual({ value: 1, unit: 'share', good: null })
    expect(changes.success_rate?.value).toBeCloseTo(0.2)
    expect(changes.success_rate?.good).toBe(true)
    expect(changes.p99).toMatchObject({ value: -0.2, good: true })
    expect(changes.p50).toBeNull()
  })

  it('says when there is nothing at all', () => {
    const empty = shapeSeries(answer([]), PERIOD, NOW)
    expect(empty.empty).toBe(true)
    expect(shapeChanges(empty, shapeTotals(answer([])), shapeTotals(answer([]))).cost).toBeNull()
    expect(shapeTotals(answer([]))).toMatchObject({ count: 0, success_rate: null, cost_usd: '0.000000000' })
  })
})

describe('spend so far', () => {
  const day = (iso: string, cost: string, unpriced = 0) => ({
    day: iso,
    cost_usd: cost,
    tokens_prompt: 0,
    tokens_completion: 0,
    tokens_cached: 0,
    tokens_cache_write: 0,
    tokens_reasoning: 0,
    entries: 1,
    unpriced,
  })

  it('asks once, for the month in the viewer’s zone, ending on a full hour', () => {
    expect(Object.fromEntries(spendQuery(SCOPE, NOW, 'Europe/Berlin'))).toEqual({
      from: '2026-10-31T23:00:00.000Z',
      to: '2026-11-23T13:00:00.000Z',
      group_by: 'day',
      time_zone: 'Europe/Berlin',
      project: 'prj_1',
    })
  })

  it('finds today in it', () => {
    const data = [day('2026-11-22T23:00:00.000Z', '1.500000000', 2), day('2026-11-21T23:00:00.000Z', '3.000000000', 1)]
    expect(shapeSpend({ data, total_cost_usd: '4.500000000' }, NOW, 'Europe/Berlin')).toEqual({
      today_usd: '1.500000000',
      month_usd: '4.500000000',
      today_unpriced: 2,
      month_unpriced: 3,
    })
    expect(shapeSpend({ data: [], total_cost_usd: '0.000000000' }, NOW, 'UTC').today_usd).toBe('0.000000000')
  })
})

describe('loadOverview', () => {
  it('asks eight things, and one that fails leaves the others standing', async () => {
    const asked: string[] = []
    const api = {
      metrics: async (query: { kind?: string; dimensions?: string[] }) => {
        asked.push(`metrics ${query.kind} ${query.dimensions?.join() ?? ''}`)
        if (query.kind === 'llm')
          throw Object.assign(new Error('x'), { problem: { detail: 'Too much at once.', instance: 'req_1' } })
        return answer([])
      },
      spend: async (query: URLSearchParams) => {
        asked.push(`spend ${query.get('group_by')}`)
        return { data: [], total_cost_usd: '0.000000000' }
      },
      watermark: async (id: string) => ({
        project_id: id,
        complete_until: iso(NOW),
        events_behind: 0,
        batches_behind: 0,
        dead_letters: 0,
        lost: 0,
      }),
    }
    const load = loadOverview(api, PERIOD, { filters: {} }, ['a', 'b'], NOW)
    expect(await load.models).toEqual({ ok: false, problem: { detail: 'Too much at once.', request_id: 'req_1' } })
    expect(await load.workflows).toMatchObject({ ok: true })
    expect(await load.watermark).toMatchObject({ ok: true, value: { complete_until_ms: NOW } })
    expect(asked.sort()).toEqual([
      'metrics llm provider,model',
      'metrics request ',
      'metrics request ',
      'metrics request ',
      'metrics request error_type',
      'metrics request workflow_id',
      'spend day',
      'spend workflow',
    ])
  })
})

describe('top lists', () => {
  const spendRow = (workflow: string, cost: string) => ({
    workflow,
    cost_usd: cost,
    tokens_prompt: 10,
    tokens_completion: 5,
    tokens_cached: 0,
    tokens_cache_write: 0,
    tokens_reasoning: 0,
    entries: 1,
    unpriced: 2,
  })

  it('joins requests with what the ledger says they cost', () => {
    const list = shapeWorkflows(
      answer([
        { workflow_id: 'a', count: 7, success_rate: 0.5, latency_p90_ms: 900 },
        { workflow_id: 'b', count: 70, success_rate: 1, latency_p90_ms: 20 },
      ]),
      costsFromLedger({
        data: [spendRow('a', '2.000000000'), spendRow('', '1.000000000')],
        total_cost_usd: '3.000000000',
      }),
    )
    expect(list.rows.map((row) => [row.id, row.cost_usd, row.count])).toEqual([
      ['a', '2.000000000', 7],
      ['', '1.000000000', 0],
      ['b', '0.000000000', 70],
    ])
    expect(list).toMatchObject({ others: 0, total_cost_usd: '3.000000000' })
  })

  it('orders money exactly and sums up what it leaves out', () => {
    const rows = Array.from({ length: 11 }, (_, index) => ({
      provider: 'p',
      model: `m${index}`,
      count: 1,
      error_rate: 0.25,
      cost_usd: `9007199254740993.00000000${index % 10}`,
    }))
    const list = shapeModels(answer(rows))
    expect(list.rows[0]).toMatchObject({ id: 'm9', detail: 'p', success_rate: 0.75 })
    expect(list.others).toBe(3)
    expect(list.others_cost_usd).toBe('27021597764222979.000000001')
  })

  it('groups errors by class', () => {
    const { classes, total } = shapeErrors(
      answer([
        { error_type: 'timeout', errors: 3 },
        { error_type: 'rate_limit', errors: 5 },
        { error_type: 'tool_timeout', errors: 1 },
        { error_type: '', errors: 1 },
        { error_type: 'validation', errors: 0 },
      ]),
    )
    expect(total).toBe(10)
    expect(classes.map((entry) => [entry.name, entry.errors, entry.share])).toEqual([
      ['provider', 8, 0.8],
      ['tooling', 1, 0.1],
      ['unknown', 1, 0.1],
    ])
    expect(classes[0]?.types.map((type) => type.name)).toEqual(['rate_limit', 'timeout'])
  })
})

it('is as complete as the project that is furthest behind', () => {
  const mark = (until: number, behind: number) => ({
    project_id: 'p',
    complete_until: iso(until),
    events_behind: behind,
    batches_behind: 0,
    dead_letters: 1,
    lost: 2,
  })
  expect(mergeWatermarks([mark(NOW, 0), mark(NOW - 5000, 7)])).toEqual({
    complete_until_ms: NOW - 5000,
    events_behind: 7,
    lost: 4,
    dead_letters: 2,
  })
  expect(mergeWatermarks([])).toBeNull()
})
