import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { commitPlan } from '../../../workers/adapters/d1/commit.ts'
import { traceStore } from '../../../workers/adapters/d1/trace-store.ts'
import { shortHash } from '../../../workers/adapters/hash.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { TRACE_SORTS, TracesQuery, type TraceSort, type TraceSummary } from '../../../workers/contract/trace.ts'
import { planCommit } from '../../../workers/domain/commit-plan.ts'
import { NO_PRICES } from '../../../workers/domain/price-book.ts'
import { listTraces } from '../../../workers/services/trace/read.ts'
import { freshTenant, makeBatch } from '../../support/batches.ts'
import { randomOf } from '../../support/metrics-fleet.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const HOUR_MS = 3_600_000
const TRACES = 120
const NAMES = ['plan', 'Plan', 'prüfen', 'zahlen', 'a']
const tools = { pricesOf: () => NO_PRICES, shortHash, hex: (bytes: Uint8Array) => Buffer.from(bytes).toString('hex') }
const random = randomOf(17)
const tenant = freshTenant()

/** Few values of each, so that many traces are equal in what they are sorted by. */
function runOf(i: number): CanonicalEvent[] {
  const begins = NOW - HOUR_MS - Math.floor(i / 3) * 1000
  const pick = (n: number) => Math.floor(random() * n)
  const common = { trace_id: `t${i}`, agent_id: `agent-${pick(3)}`, workflow_id: NAMES[pick(5)] ?? '' }
  const took = 100 * pick(4)
  const call: CanonicalEvent = {
    ...common,
    event_type: 'agent.step.completed',
    timestamp: begins + took,
    latency_ms: took,
    span_id: 'call',
    parent_span_id: 'root',
    status: 'ok',
    model: 'm',
    provider: 'p',
    tokens_prompt: 10 * pick(4),
    tokens_completion: pick(3),
    cost_nanousd: 1000 * pick(5),
  }
  if (i % 7 === 0) return [call]
  return [
    call,
    {
      ...common,
      event_type: 'agent.request.completed',
      timestamp: begins + took,
      latency_ms: took,
      span_id: 'root',
      status: i % 5 === 0 ? 'error' : 'ok',
    },
  ]
}

/** What a reader sees of a trace in the column that is sorted. */
const SHOWN: Record<TraceSort, (trace: TraceSummary) => string | number> = {
  started_at: (trace) => trace.started_at,
  name: (trace) => trace.name,
  agent_id: (trace) => trace.agent_id ?? '',
  status: (trace) => (trace.complete || trace.status === 'error' ? trace.status : 'running'),
  duration_ms: (trace) => trace.duration_ms,
  cost_usd: (trace) => Number(trace.cost_usd),
  tokens: (trace) => trace.tokens_prompt + trace.tokens_completion,
  llm_calls: (trace) => trace.llm_calls,
}

const list = (query: Record<string, string>, of = tenant, within = db) =>
  listTraces(
    traceStore(() => within),
    of,
    TracesQuery.parse(query),
    NOW,
  )

/** All pages of an order, seven traces each. */
async function walk(query: Record<string, string>): Promise<TraceSummary[]> {
  const found: TraceSummary[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await list({ ...query, limit: '7', ...(cursor !== '' && { cursor }) })
    found.push(...page.data)
    cursor = page.next_cursor
  }
  return found
}

beforeAll(async () => {
  const plan = planCommit([makeBatch(tenant, Array.from({ length: TRACES }, (_, i) => runOf(i)).flat())], tools)
  await commitPlan(db, plan, `c_${crypto.randomUUID()}`, NOW)
})

describe('traces in order', () => {
  const cases = TRACE_SORTS.flatMap((sort) => (['desc', 'asc'] as const).map((order) => ({ sort, order })))
  it.each(cases)('of $sort, $order: each once, across pages, equal ones by time', async ({ sort, order }) => {
    const all = (await list({ limit: '200' })).data
    expect(all).toHaveLength(TRACES)
    const bytes = (text: string | number) => (typeof text === 'string' ? Buffer.from(text).toString('hex') : text)
    const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)
    const sign = order === 'desc' ? -1 : 1
    const wanted = all.toSorted(
      (a, b) =>
        sign *
        (compare(bytes(SHOWN[sort](a)), bytes(SHOWN[sort](b))) ||
          compare(a.started_at, b.started_at) ||
          compare(bytes(a.trace_id), bytes(b.trace_id))),
    )
    const found = await walk({ sort, order })
    expect(found.map(({ trace_id }) => trace_id)).toEqual(wanted.map(({ trace_id }) => trace_id))
  })

  it('keep to their filters and their range', async () => {
    const from = new Date(NOW - HOUR_MS - 20_000).toISOString()
    const found = await walk({ sort: 'cost_usd', agent_id: 'agent-1', from })
    const wanted = (await list({ limit: '200' })).data.filter(
      (trace) => trace.agent_id === 'agent-1' && trace.started_at >= from,
    )
    expect(found.length).toBeGreaterThan(3)
    expect(found.map(({ trace_id }) => trace_id).sort()).toEqual(wanted.map(({ trace_id }) => trace_id).sort())
  })

  it('are of nobody else', async () => {
    expect((await list({ sort: 'cost_usd' }, { ...freshTenant(), project_id: tenant.project_id })).data).toEqual([])
  })

  it.each([
    ['of another order', (page: string) => ({ sort: 'tokens', cursor: page })],
    ['of the order of time', (page: string) => ({ sort: 'started_at', cursor: page })],
    ['cut short', (page: string) => ({ sort: 'cost_usd', cursor: page.slice(0, -9) })],
    ['made up', () => ({ sort: 'cost_usd', cursor: btoa('[1,2,3]') })],
  ])('refuse a cursor %s', async (_, query) => {
    const { next_cursor } = await list({ sort: 'cost_usd', limit: '7' })
    await expect(list(query(next_cursor ?? ''))).rejects.toMatchObject({ code: 'invalid_input' })
  })
})

describe('more traces than are sorted', () => {
  const many: ProjectTenant = freshTenant()
  const LOOKED_AT = 50_000
  const SENT = 50_500
  let read = 0
  /** Counts the rows that D1 bills for. */
  const counting = {
    prepare: (sql: string) => ({
      bind: (...values: unknown[]) => {
        const all = async () => {
          const answer = await db
            .prepare(sql)
            .bind(...values)
            .all()
          read += answer.meta.rows_read
          return answer
        }
        return { all, first: async () => (await all()).results[0] ?? null }
      },
    }),
  } as unknown as D1Database

  beforeAll(async () => {
    const { results } = await db.prepare(`SELECT name FROM pragma_table_info('trace')`).all<{ name: string }>()
    const made: Record<string, string> = {
      org_id: '?1',
      project_id: '?2',
      trace_id: `'m' || i`,
      sort_ms: '?3 - i * 10',
      started_ms: '?3 - i * 10',
      // The dearest is the oldest: it is past those that are looked at.
      cost_nanousd: 'i',
    }
    const columns = results.map(({ name }) => name)
    await db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${SENT})
         INSERT INTO trace (${columns.join(', ')}) SELECT ${columns.map((name) => made[name] ?? `t.${name}`).join(', ')}
         FROM n, (SELECT * FROM trace WHERE project_id = ?4 LIMIT 1) t`,
      )
      .bind(many.org_id, many.project_id, NOW, tenant.project_id)
      .run()
  })

  it('are sorted among the newest, and the answer says since when', { timeout: 60_000 }, async () => {
    const first = await list({ sort: 'cost_usd', limit: '2' }, many, counting)
    expect(first.data.map(({ trace_id }) => trace_id)).toEqual([`m${LOOKED_AT}`, `m${LOOKED_AT - 1}`])
    expect(first).toMatchObject({ sampled: true })
    expect(Date.parse(first.from)).toBeGreaterThan(NOW - (LOOKED_AT + 1) * 10)
    // One pass to see how far back, one to sort; here, where each is dearer than all before it, its place is read too.
    expect(read).toBeLessThanOrEqual(3 * LOOKED_AT + 10)
    read = 0
    const cursor = first.next_cursor ?? ''
    const second = await list({ sort: 'cost_usd', limit: '2', cursor }, many, counting)
    expect(second.data.map(({ trace_id }) => trace_id)).toEqual([`m${LOOKED_AT - 2}`, `m${LOOKED_AT - 3}`])
    expect(second.from).toBe(first.from)
    expect(read).toBeLessThanOrEqual(3 * LOOKED_AT + 10)
    expect(await list({ sort: 'started_at', limit: '2' }, many)).toMatchObject({ sampled: false })
  })
})
