import { describe, expect, it } from 'vitest'
import { spendFilters } from '../../web/src/lib/features/filters/filters.ts'
import { bucketsOf, cutControl, cutOf } from '../../web/src/lib/features/views/finance/cut.ts'
import { dimension, dimensionsOf, keysHref, nameOf } from '../../web/src/lib/features/views/finance/dimensions.ts'
import { figuresOf, type Found } from '../../web/src/lib/features/views/finance/figures.ts'
import { spendSeries } from '../../web/src/lib/features/views/finance/over-time.ts'
import { plannedBudget } from '../../web/src/lib/features/views/finance/plans.ts'
import { spendRows } from '../../web/src/lib/features/views/finance/spend-by.ts'
import type { Scope } from '../../web/src/lib/features/views/panel.ts'
import { scopeOf } from '../../web/src/lib/features/views/scope.ts'
import type { SpendRow } from '../../workers/contract/api.ts'
import type { Budget } from '../../workers/contract/budget.ts'

const NOW = Date.UTC(2026, 10, 11, 15, 20)
const PROJECTS = [
  { id: 'prj_1', slug: 'main', name: 'Main', workspace_id: 'wsp_1' },
  { id: 'prj_2', slug: 'other', name: 'Other', workspace_id: 'wsp_2' },
]

function scopeFor(query: string, zone = 'Europe/Berlin'): Scope {
  const [project] = PROJECTS
  if (project === undefined) throw new Error('there are projects')
  return scopeOf(
    new URLSearchParams(query),
    { org: { slug: 'acme', role: 'owner' }, projects: PROJECTS, project, zone },
    NOW,
    '30d',
  )
}

function row(cost_usd: string, more: Record<string, string | number> = {}): SpendRow {
  return {
    cost_usd,
    tokens_prompt: 0,
    tokens_completion: 0,
    tokens_cached: 0,
    tokens_cache_write: 0,
    tokens_reasoning: 0,
    entries: 1,
    unpriced: 0,
    ...more,
  }
}

const iso = (ms: number | undefined) => new Date(ms ?? 0).toISOString()

describe('how time is cut', () => {
  it.each([
    ['range=1h', 'hour'],
    ['range=24h', 'hour'],
    ['range=7d', 'day'],
    ['range=30d', 'day'],
    ['', 'day'],
    ['range=90d', 'day'],
    ['from=2026-05-01T00:00:00Z&to=2026-10-01T00:00:00Z', 'week'],
    ['from=2026-01-01T00:00:00Z&to=2026-10-01T00:00:00Z', 'month'],
    ['range=7d&by=hour', 'hour'],
    ['range=90d&by=hour', 'day'],
    ['range=90d&by=month', 'month'],
    ['range=90d&by=year', 'day'],
  ])('%s: each %s', (query, cut) => {
    expect(cutOf(scopeFor(query))).toBe(cut)
  })

  it('offers hours where there are few', () => {
    const offered = (query: string) => cutControl(scopeFor(query)).options.map(({ value }) => value)
    expect(offered('range=7d')).toEqual(['hour', 'day', 'week', 'month'])
    expect(offered('range=30d')).toEqual(['day', 'week', 'month'])
  })

  it('begins at the range, then at local midnights, Mondays and firsts, also where summer time ends', () => {
    const scope = scopeFor('from=2026-10-20T10:00:00Z&to=2026-11-11T00:00:00Z')
    const days = bucketsOf(scope.range, 'day')
    expect(days.map(iso).slice(4, 8)).toEqual([
      '2026-10-23T22:00:00.000Z',
      '2026-10-24T22:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
      '2026-10-26T23:00:00.000Z',
    ])
    expect(days.map(iso)[0]).toBe(iso(scope.range.from_ms))
    expect(bucketsOf(scope.range, 'week').map(iso)).toEqual([
      iso(scope.range.from_ms),
      '2026-10-25T23:00:00.000Z',
      '2026-11-01T23:00:00.000Z',
      '2026-11-08T23:00:00.000Z',
    ])
    expect(bucketsOf(scope.range, 'month').map(iso)).toEqual([iso(scope.range.from_ms), '2026-10-31T23:00:00.000Z'])
  })

  it('cuts a range that begins within a day at its start and at midnight', () => {
    const { range } = scopeFor('range=24h', 'America/New_York')
    expect(bucketsOf(range, 'day').map(iso)).toEqual(['2026-11-10T16:00:00.000Z', '2026-11-11T05:00:00.000Z'])
    expect(bucketsOf(range, 'hour')).toHaveLength(24)
  })
})

describe('dimensions', () => {
  it.each([
    ['', ['workflow']],
    ['group=user', ['user']],
    ['group=workflow&split=model', ['workflow', 'model']],
    ['group=model&split=model', ['model']],
    ['group=hour&split=nothing', ['workflow']],
  ])('%s: %j', (query, groups) => {
    expect(dimensionsOf(scopeFor(query)).map(({ group }) => group)).toEqual(groups)
  })

  it('names projects and workspaces, and what names nothing', () => {
    const names = new Map([
      ['project prj_1', 'Main'],
      ['org', 'acme'],
    ])
    expect(nameOf(dimension('project'), 'prj_1', names)).toBe('Main')
    expect(nameOf(dimension('project'), 'prj_gone', names)).toBe('prj_gone')
    expect(nameOf(dimension('org'), 'org_1', names)).toBe('acme')
    expect(nameOf(dimension('user'), '', names)).toBe('no user named')
  })

  it('leads to the traces of all keys', () => {
    const href = keysHref(scopeFor('range=7d&environment=production'), [
      [dimension('workspace'), 'wsp_2'],
      [dimension('agent'), 'a b'],
    ])
    expect(href).toBe('/acme/traces?range=7d&project=other&environment=production&agent_id=a+b')
    expect(keysHref(scopeFor('range=7d'), [[dimension('user'), '']])).toBe('/acme/traces?range=7d&project=main')
  })
})

it('asks the ledger for all that is filtered, by its own names', () => {
  const scope = scopeFor('project=other&workspace=w&environment=e&agent_id=a&agent_id=b&workflow_version=2&user_id=u')
  expect(spendFilters(scope)).toEqual({
    workspace: ['w'],
    project: ['prj_2'],
    environment: ['e'],
    agent: ['a', 'b'],
    workflow_version: ['2'],
    user: ['u'],
  })
})

describe('spend over time', () => {
  const model = dimension('model')
  const at = (day: number) => iso(Date.UTC(2026, 10, day))
  const buckets = [Date.UTC(2026, 10, 1, 6), Date.UTC(2026, 10, 2), Date.UTC(2026, 10, 9)]

  it('adds days up in what they are cut into, to the nano-dollar; a day that began before the range is its first', () => {
    const each = {
      data: [
        row('0.000000001', { day: at(1), model: 'a' }),
        row('9007199.254740993', { day: at(2), model: 'a' }),
        row('0.000000002', { day: at(8), model: 'a' }),
        row('1.500000000', { day: at(9), model: '' }),
      ],
      total_cost_usd: '9007200.754740996',
    }
    const series = spendSeries({ each, whole: null, keys: ['a', ''], others: 0 }, buckets, 'day', model, new Map())
    expect(series.map(({ label, values }) => [label, values])).toEqual([
      ['a', ['0.000000001', '9007199.254740995', '0.000000000']],
      ['no model named', ['0.000000000', '0.000000000', '1.500000000']],
    ])
  })

  it('says what is left of the whole, exactly', () => {
    const each = { data: [row('0.300000001', { day: at(2), model: 'a' })], total_cost_usd: '0.300000001' }
    const whole = {
      data: [row('1.000000000', { day: at(2) }), row('0.000000007', { day: at(10) })],
      total_cost_usd: '1.000000007',
    }
    const series = spendSeries({ each, whole, keys: ['a'], others: 3 }, buckets, 'day', model, new Map())
    expect(series.at(-1)).toMatchObject({
      label: '3 others',
      values: ['0.000000000', '0.699999999', '0.000000007'],
    })
  })
})

describe('spend by', () => {
  const answer = {
    data: [
      row('6.000000000', { workflow: 'refund', model: 'm', entries: 4, tokens_prompt: 10, tokens_cached: 3 }),
      row('3.000000001', { workflow: '', model: 'm', entries: 2, unpriced: 1 }),
      row('1.000000000', { workflow: 'late', model: '', entries: 1 }),
    ],
    total_cost_usd: '10.000000001',
  }
  const dimensions = [dimension('workflow'), dimension('model')]

  it('has a row for each pair with its share, its cost for each entry, and its traces', () => {
    const rows = spendRows(answer, scopeFor('range=7d'), dimensions, new Map())
    expect(rows[0]?.cells).toMatchObject({
      workflow: 'refund',
      model: 'm',
      cost: '6.000000000',
      entries: 4,
      each: '1.500000000',
      tokens_prompt: 10,
      tokens_cached: 3,
      unpriced: 0,
    })
    expect(rows[0]?.cells['share']).toBeCloseTo(0.6, 6)
    expect(rows[0]?.href).toBe('/acme/traces?range=7d&project=main&workflow_id=refund&model=m')
    expect(rows[1]?.cells).toMatchObject({ workflow: 'no workflow named', each: '1.500000001', unpriced: 1 })
  })

  it('adds up what is past the most that is shown', () => {
    const rows = spendRows(answer, scopeFor('range=7d'), dimensions, new Map(), 1)
    expect(rows).toHaveLength(2)
    expect(rows[1]?.cells).toMatchObject({ workflow: '2 others', cost: '4.000000001', entries: 3, unpriced: 1 })
  })
})

describe('figures', () => {
  const found: Found = {
    now: { data: [row('10.000000001', { entries: 3, unpriced: 2 })], total_cost_usd: '10.000000001' },
    before: { data: [row('8.000000000', { entries: 4 })], total_cost_usd: '8.000000000' },
    month: {
      data: [
        row('0.250000000', { day: '2026-11-10T23:00:00.000Z' }),
        row('4.000000000', { day: '2026-11-04T23:00:00.000Z' }),
      ],
      total_cost_usd: '4.250000000',
    },
    unpriced: 'mystery',
    plan: {
      budget: 'All',
      month: { month: '2026-11', actual_usd: '4.250000000', planned_usd: '20.00', difference_usd: '-15.750000000' },
    },
  }
  const values = (figures: ReturnType<typeof figuresOf>) =>
    Object.fromEntries(figures.map(({ key, value, before }) => [key, [value, before]]))

  it('says the range, today, the month, the plan and what an entry costs', () => {
    expect(values(figuresOf(scopeFor('range=7d'), found))).toEqual({
      range: ['10.000000001', '8.000000000'],
      today: ['0.250000000', undefined],
      month: ['4.250000000', undefined],
      planned: ['20.00', undefined],
      variance: ['-15.750000000', undefined],
      entries: [3, 4],
      each: ['3.333333334', '2.000000000'],
      unpriced: [2, undefined],
    })
  })

  it('leaves out what cannot be said: a comparison with nothing, a plan, a day without spend', () => {
    const nothing = { data: [], total_cost_usd: '0.000000000' }
    const figures = figuresOf(scopeFor('range=7d'), {
      now: nothing,
      before: null,
      month: nothing,
      unpriced: null,
      plan: null,
    })
    expect(values(figures)).toMatchObject({
      range: ['0.000000000', undefined],
      today: ['0.000000000', undefined],
      planned: [null, undefined],
      each: [null, undefined],
    })
    expect(figures.some(({ key }) => key === 'variance')).toBe(false)
  })
})

describe('the plan of what is looked at', () => {
  const budget = (name: string, scope: Budget['scope'], months: string[], created_at = '2026-01-01'): Budget =>
    ({
      name,
      scope,
      planned_usd: Object.fromEntries(months.map((month) => [month, '10.00'])),
      time_zone: 'Europe/Berlin',
      created_at,
    }) as unknown as Budget
  const budgets = [
    budget('later', { type: 'org', id: null }, ['2026-11'], '2026-02-01'),
    budget('all', { type: 'org', id: null }, ['2026-11']),
    budget('old', { type: 'org', id: null }, ['2026-10'], '2025-01-01'),
    budget('one', { type: 'agent', id: 'a' }, ['2026-11']),
  ]
  it.each([
    ['', 'all'],
    ['agent_id=a', 'one'],
    ['agent_id=b', null],
    ['agent_id=a&agent_id=b', null],
    ['agent_id=a&model=m', null],
    ['environment=production', null],
  ])('%s: %s', (query, name) => {
    expect(plannedBudget(budgets, scopeFor(query))?.name ?? null).toBe(name)
  })
})
