import { describe, expect, it, vi } from 'vitest'
import { analyticsEngineMetrics } from '../../workers/adapters/metrics/analytics-engine/store.ts'
import { metricsByCell } from '../../workers/adapters/metrics/by-cell.ts'
import { KINDS, MetricsQuery, type MetricsAnswer } from '../../workers/contract/metrics.ts'
import { CELLS } from '../../workers/contract/tenant.ts'
import { AppError } from '../../workers/domain/errors.ts'
import { problemOf } from '../../workers/domain/problem.ts'
import type { MetricsStore } from '../../workers/services/metrics/port.ts'
import { DATASET } from '../support/analytics-engine.ts'
import { ACCOUNT, TOKEN } from '../support/analytics-suite.ts'
import { freshTenant } from '../support/batches.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const tenant = freshTenant()
const EXACT: MetricsAnswer = {
  data: [{ count: 1 }],
  meta: { approximate: false, sampled: false, back_end: 'd1', truncated: false },
}
const exactStore = () => ({
  query: vi.fn<MetricsStore['query']>(() => Promise.resolve(EXACT)),
  queries: vi.fn<MetricsStore['queries']>((_, questions) => Promise.resolve(questions.map(() => EXACT))),
})
const rows = (...data: object[]) => new Response(JSON.stringify({ meta: [], data, rows: data.length }))

function ask(
  answer: typeof fetch,
  query: Partial<MetricsQuery> = {},
  exact: MetricsStore = exactStore(),
  timeout_ms = 1000,
): Promise<MetricsAnswer> {
  const store = analyticsEngineMetrics({
    account_id: ACCOUNT,
    token: TOKEN,
    dataset: DATASET,
    fetch: answer,
    now: () => NOW,
    exact,
    timeout_ms,
  })
  return store.query(
    tenant,
    [tenant.project_id],
    MetricsQuery.parse({ ...since(7 * DAY_MS), measures: ['count'], ...query }),
  )
}

function since(ms: number) {
  return { from: new Date(NOW - ms).toISOString(), to: new Date(NOW).toISOString() }
}

describe('the request', () => {
  it('goes to the account, with the token, and can be given up', async () => {
    const answer = vi.fn<typeof fetch>(() => Promise.resolve(rows({ n: '41.0', sample_interval: '1', stands_for: 1 })))
    const { data, meta } = await ask(answer)
    expect(data).toEqual([{ count: 41 }])
    expect(meta).toMatchObject({ back_end: 'analytics_engine', sampled: false, approximate: true, truncated: false })
    const [url, init] = answer.mock.calls[0] ?? []
    expect(url).toBe(`https://api.cloudflare.com/client/v4/accounts/${ACCOUNT}/analytics_engine/sql`)
    expect(init?.method).toBe('POST')
    expect(new Headers(init?.headers).get('authorization')).toBe(`Bearer ${TOKEN}`)
    expect(init?.body).toMatch(/^SELECT .*\nFORMAT JSON$/s)
    expect(init?.signal).toBeInstanceOf(AbortSignal)
  })

  it('is not made under a name that would be SQL', () => {
    expect(() =>
      analyticsEngineMetrics({
        account_id: ACCOUNT,
        token: TOKEN,
        dataset: 'x; y',
        fetch,
        now: () => NOW,
        exact: exactStore(),
      }),
    ).toThrow(/dataset/)
  })

  it.each(['unknown table: agentops_events', 'unable to find type of column: double2'])(
    'finds nothing before the first point is written: %s',
    async (message) => {
      const answer = await ask(() => Promise.resolve(new Response(`Input was invalid: ${message}`, { status: 422 })))
      expect(answer.data).toEqual([{ count: 0 }])
    },
  )
})

describe('a failure', () => {
  const refusal = (status: number) => () =>
    Promise.resolve(new Response(`Input was invalid: index1 = '${tenant.org_id}' and 'half a li`, { status }))
  it.each<[string, typeof fetch, 'internal' | 'unavailable']>([
    ['401', refusal(401), 'internal'],
    ['403', refusal(403), 'internal'],
    ['422', refusal(422), 'internal'],
    ['429', refusal(429), 'unavailable'],
    ['500', refusal(500), 'unavailable'],
    ['503', refusal(503), 'unavailable'],
    ['no JSON', () => Promise.resolve(new Response('<html>')), 'internal'],
    ['no rows', () => Promise.resolve(Response.json({ data: 'none' })), 'internal'],
    ['no network', () => Promise.reject(new TypeError('fetch failed')), 'unavailable'],
    [
      'no end',
      (_, init) =>
        new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(new Error('given up')))),
      'unavailable',
    ],
  ])('of %s is told without token, statement or tenant', async (_, answer, code) => {
    const error: unknown = await ask(answer, {}, exactStore(), 20).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code, retryAfterSeconds: code === 'unavailable' ? expect.any(Number) : undefined })
    const told = JSON.stringify(problemOf(error, 'req_1'))
    const cause = (error as AppError).cause as Error
    for (const secret of [TOKEN, 'SELECT', DATASET, tenant.org_id, ACCOUNT]) expect(told).not.toContain(secret)
    for (const secret of [TOKEN, tenant.org_id, 'half a li', ACCOUNT]) expect(String(cause.stack)).not.toContain(secret)
    if (/^\d+$/.test(_)) expect(cause.message).toContain(_)
  })
})

describe('the exact store answers', () => {
  const never = vi.fn<typeof fetch>(() => Promise.reject(new Error('Analytics Engine was asked')))
  const manyValues = Array.from({ length: 50 }, (_, i) => `${'a'.repeat(190)}${i}`)

  it.each<[string, Partial<MetricsQuery>]>([
    ['what begins before the retention', since(89 * DAY_MS)],
    ['what begins within the last day, where the newest minute matters', since(24 * HOUR_MS)],
    ['what is counted of users', { kind: 'user' }],
    ['what is told apart by user', { kind: 'user', dimensions: ['user_id'] }],
    ['what one user did', { kind: 'user', filters: [{ dimension: 'user_id', op: 'eq', values: ['ann'] }] }],
    ['what one user cost', { kind: 'user', measures: ['cost_usd', 'count'], dimensions: ['user_id'] }],
    ['how many users there are', { measures: ['count', 'unique_users'] }],
    ['how latencies are spread', { measures: ['count', 'latency_histogram'] }],
    ['a statement that is too long', { filters: [{ dimension: 'environment', op: 'eq', values: manyValues }] }],
  ])('%s', async (_, query) => {
    const exact = exactStore()
    expect(await ask(never, query, exact)).toBe(EXACT)
    expect(exact.query).toHaveBeenCalledWith(
      tenant,
      [tenant.project_id],
      expect.objectContaining({ measures: ['count'], ...query }),
    )
    expect(never).not.toHaveBeenCalled()
  })

  it.each([
    { sample_interval: '2', stands_for: 1 },
    { sample_interval: '1', stands_for: 3 },
  ])('a distinct count of what was sampled: %o', async (sampling) => {
    const exact = exactStore()
    const answer: typeof fetch = () => Promise.resolve(rows({ n: 4, found: '3', ...sampling }))
    expect(await ask(answer, { measures: ['unique_agents'] }, exact)).toBe(EXACT)
    expect(await ask(answer, { measures: ['count'] }, exact)).toMatchObject({
      data: [{ count: 4 }],
      meta: { sampled: true, back_end: 'analytics_engine' },
    })
    expect(exact.query).toHaveBeenCalledTimes(1)
  })

  it.each(CELLS)('tenants of the cell %s as it should', async (cell) => {
    const [exact, analytics] = [exactStore(), exactStore()]
    const query = MetricsQuery.parse({ ...since(7 * DAY_MS), measures: ['count'] })
    await metricsByCell(exact, analytics).query({ ...tenant, cell }, ['p'], query)
    expect(analytics.query).toHaveBeenCalledTimes(cell === 'global' ? 1 : 0)
    expect(exact.query).toHaveBeenCalledTimes(cell === 'global' ? 0 : 1)
    await metricsByCell(exact, null).query({ ...tenant, cell }, ['p'], query)
    expect(exact.query).toHaveBeenCalledTimes(cell === 'global' ? 1 : 2)
  })

  it.each(KINDS)('kind %s as it should', async (kind) => {
    const [exact, analytics] = [exactStore(), exactStore()]
    const query = MetricsQuery.parse({ ...since(7 * DAY_MS), kind, measures: ['count'] })
    await metricsByCell(exact, analytics).query(tenant, ['p'], query)
    const isExact = ['user', 'trace', 'score', 'egress', 'pii', 'queue', 'leak'].includes(kind)
    expect(exact.query).toHaveBeenCalledTimes(isExact ? 1 : 0)
    expect(analytics.query).toHaveBeenCalledTimes(isExact ? 0 : 1)
  })
})

describe('several questions', () => {
  const question = (query: Partial<MetricsQuery>) => ({
    projectIds: ['p'],
    query: MetricsQuery.parse({ ...since(7 * DAY_MS), measures: ['count'], ...query }),
  })

  it('are answered each by the store that may, in their order', async () => {
    const analytics = exactStore()
    analytics.queries.mockImplementation((_, questions) =>
      Promise.resolve(questions.map(({ query }) => new AppError('invalid_input', query.kind))),
    )
    const asked = (['llm', 'trace', 'tool', 'leak'] as const).map((kind) => question({ kind }))
    const answers = await metricsByCell(exactStore(), analytics).queries(tenant, asked)
    expect(answers.map((one) => (one instanceof AppError ? one.detail : one))).toEqual(['llm', EXACT, 'tool', EXACT])
  })

  it('are refused one by one, and fail together', async () => {
    const store = (answer: typeof fetch) =>
      analyticsEngineMetrics({
        account_id: ACCOUNT,
        token: TOKEN,
        dataset: DATASET,
        fetch: answer,
        now: () => NOW,
        exact: exactStore(),
      })
    const asked = [question({}), question({ kind: 'llm', dimensions: ['tool_name'] }), question({})]
    const [first, second, third] = await store(() => Promise.resolve(rows({ n: 4 }))).queries(tenant, asked)
    expect(first).toMatchObject({ data: [{ count: 4 }] })
    expect(second).toMatchObject({ code: 'invalid_input' })
    expect(third).toEqual(first)
    const down = store(() => Promise.reject(new TypeError('fetch failed')))
    await expect(down.queries(tenant, asked)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

it('marks an answer whose smallest groups were cut off', async () => {
  const many = Array.from({ length: 50_001 }, (_, i) => ({ dim1: `m${i}`, n: 1, sample_interval: 1, stands_for: 1 }))
  const answer = await ask(() => Promise.resolve(rows(...many)), { kind: 'llm', dimensions: ['model'], limit: 5000 })
  expect(answer.data).toHaveLength(5000)
  expect(answer.meta.truncated).toBe(true)
})
