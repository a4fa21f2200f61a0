import { expect, it } from 'vitest'
import { cacheRows } from '../../web/src/lib/features/views/finance/cache.ts'
import { varianceRows } from '../../web/src/lib/features/views/finance/variance.ts'
import { scopeOf } from '../../web/src/lib/features/views/scope.ts'
import type { Budget } from '../../workers/contract/budget.ts'

const PROJECT = { id: 'prj_1', slug: 'main', name: 'Main', workspace_id: 'wsp_1' }
const SCOPE = scopeOf(
  new URLSearchParams('range=7d'),
  { org: { slug: 'acme', role: 'owner' }, projects: [PROJECT], project: PROJECT, zone: 'Europe/Berlin' },
  Date.UTC(2026, 10, 11, 15, 20),
  '30d',
)

it('says the plan, what was spent, the difference and what is expected of each budget', () => {
  const budget = (id: string, more: object) =>
    ({
      id,
      name: id,
      scope: { type: 'org', id: null },
      time_zone: 'UTC',
      spent_usd: '3.000000000',
      planned_usd: {},
      forecast: null,
      ...more,
    }) as unknown as Budget
  const month = { month: '2026-11', actual_usd: '3.000000000', planned_usd: '4.00', difference_usd: '-1.000000000' }
  const rows = varianceRows(
    [
      budget('plan', { period: 'month', forecast: { expected_usd: '5.000000000' } }),
      budget('daily', { period: 'day', forecast: { expected_usd: '9.000000000' } }),
      budget('bare', { period: 'month' }),
      budget('left out', { period: 'week' }),
      budget('not read', { period: 'month', planned_usd: { '2026-11': '4.00' } }),
    ],
    new Map([
      ['plan', { variance: [month] }],
      ['daily', { variance: [month] }],
    ]),
    SCOPE,
  )
  expect(rows.map(({ key }) => key)).toEqual(['plan', 'daily', 'bare'])
  expect(rows[0]?.cells).toMatchObject({
    actual: '3.000000000',
    difference: '-1.000000000',
    percent: -0.25,
    forecast: '5.000000000',
    expected: 1.25,
  })
  expect(rows[1]?.cells).toMatchObject({ forecast: null, expected: null })
  expect(rows[2]?.cells).toMatchObject({ planned: null, actual: '3.000000000', percent: null })
})

it('says of each model what its cache saved, and of all; an unknown price is no zero', () => {
  const counts = { entries: 1, tokens_prompt: 100, tokens_cached: 50, tokens_cache_write: 0, hit_ratio: 0.5 }
  const known = { paid_usd: '1.000000000', uncached_usd: '3.000000000', saved_usd: '2.000000000', tokens_unpriced: 0 }
  const unknown = { paid_usd: null, uncached_usd: null, saved_usd: null, tokens_unpriced: 50 }
  const rows = cacheRows(
    {
      data: [
        { provider: 'openai', model: 'm', ...counts, ...known },
        { provider: '', model: 'odd', ...counts, ...unknown },
      ],
      total: { ...counts, ...known, tokens_unpriced: 50 },
    },
    SCOPE,
  )
  expect(rows.map(({ cells }) => [cells['model'], cells['saved_usd']])).toEqual([
    ['m', '2.000000000'],
    ['odd', null],
    ['All models', '2.000000000'],
  ])
  expect(rows[0]?.href).toBe('/acme/traces?range=7d&project=main&model=m&provider=openai')
})
