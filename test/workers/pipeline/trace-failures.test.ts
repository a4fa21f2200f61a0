import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { commitPlan } from '../../../workers/adapters/d1/commit.ts'
import { traceStore } from '../../../workers/adapters/d1/trace-store.ts'
import { shortHash } from '../../../workers/adapters/hash.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { FailuresQuery, TracesQuery } from '../../../workers/contract/trace.ts'
import { planCommit } from '../../../workers/domain/commit-plan.ts'
import { failureOf, TRACE_FAILURES_MAX } from '../../../workers/domain/trace-failure.ts'
import { NO_PRICES } from '../../../workers/domain/price-book.ts'
import { listFailures, listTraces } from '../../../workers/services/trace/read.ts'
import { freshTenant, makeBatch } from '../../support/batches.ts'
import { randomOf } from '../../support/metrics-fleet.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const HOUR_MS = 3_600_000
const tools = { pricesOf: () => NO_PRICES, shortHash, hex: (bytes: Uint8Array) => Buffer.from(bytes).toString('hex') }
const store = traceStore(() => db)

/** @param exact whether the sums of the commit are made before it, or by its SQL. */
function commit(tenant: ProjectTenant, events: CanonicalEvent[], exact = true) {
  const plan = planCommit([makeBatch(tenant, events)], tools)
  return commitPlan(db, { ...plan, exact: plan.exact && exact }, `c_${crypto.randomUUID()}`, NOW)
}

const step = (trace_id: string, at: number, fields: Partial<CanonicalEvent> = {}): CanonicalEvent => ({
  event_type: 'agent.step.completed',
  timestamp: NOW - HOUR_MS + at,
  trace_id,
  span_id: `s${at}`,
  parent_span_id: 'root',
  status: 'error',
  error_type: 'timeout',
  ...fields,
})
const called = { event_type: 'agent.tool.failed', error_type: 'tool_timeout' } as const
const root = (trace_id: string, fields: Partial<CanonicalEvent> = {}): CanonicalEvent => ({
  event_type: 'agent.request.completed',
  timestamp: NOW - HOUR_MS + 1000,
  trace_id,
  span_id: 'root',
  status: 'ok',
  ...fields,
})

async function listed(tenant: ProjectTenant, query: Record<string, string>): Promise<string[]> {
  const { data } = await listTraces(store, tenant, TracesQuery.parse(query), NOW)
  return data.map(({ trace_id }) => trace_id).sort()
}
async function kept(tenant: ProjectTenant): Promise<Record<string, string[]>> {
  const { results } = await db
    .prepare('SELECT trace_id, failures FROM trace WHERE project_id = ?1 ORDER BY trace_id')
    .bind(tenant.project_id)
    .all<{ trace_id: string; failures: string }>()
  return Object.fromEntries(
    results.map((row) => [row.trace_id, (JSON.parse(row.failures) as string[][]).map((one) => JSON.stringify(one))]),
  )
}

describe('failures of traces', () => {
  async function planted(): Promise<ProjectTenant> {
    const tenant = freshTenant()
    await commit(tenant, [
      step('recovered', 1, { ...called, step: 'act', tool_name: 'pay', error_message_hash: 'h1' }),
      root('recovered', { agent_id: 'desk' }),
      step('both', 1, { ...called, step: 'act', tool_name: 'pay', error_message_hash: 'h2' }),
      step('both', 2, { step: 'plan', model: 'm', error_message_hash: 'h1' }),
      root('both', { status: 'error', error_type: 'timeout' }),
      step('fine', 1, { status: 'ok', error_type: undefined, step: 'act', model: 'm' }),
      root('fine'),
    ])
    return tenant
  }

  it.each([
    [{ failure_type: 'tool_timeout' }, ['both', 'recovered']],
    [{ failure_class: 'provider' }, ['both']],
    [{ failure_class: 'tooling' }, ['both', 'recovered']],
    [{ failure_class: 'tooling', failure_type: 'timeout' }, []],
    [{ failure_hash: 'h1' }, ['both', 'recovered']],
    [{ failure_type: 'timeout', failure_hash: 'h1' }, ['both']],
    [{ failure_step: 'act' }, ['both', 'recovered']],
    [{ failure_step: 'plan' }, ['both']],
    [{ failure_tool: 'pay', failure_hash: 'h2' }, ['both']],
    [{ failure_model: 'm' }, ['both']],
    // Of one failure, not of two.
    [{ failure_step: 'act', failure_model: 'm' }, []],
    [{ failure_step: 'act', status: 'ok' }, ['recovered']],
    [{ failure_step: 'act', agent_id: 'desk' }, ['recovered']],
  ])('%o finds %o', async (query, traces) => {
    expect(await listed(await planted(), query)).toEqual(traces)
  })

  it('are of one project', async () => {
    const [tenant, other] = [await planted(), freshTenant()]
    expect(await listed(other, { failure_step: 'act' })).toEqual([])
    expect((await listFailures(store, other, FailuresQuery.parse({}), NOW)).data).toEqual([])
    const mixed = { ...tenant, org_id: other.org_id }
    expect((await listFailures(store, mixed, FailuresQuery.parse({}), NOW)).data).toEqual([])
  })

  it('are listed with how many traces had them, and since when', async () => {
    const tenant = await planted()
    await commit(tenant, [
      step('later', 90_000, { ...called, step: 'act', tool_name: 'pay', error_message_hash: 'h1', latency_ms: 0 }),
    ])
    const all = await listFailures(store, tenant, FailuresQuery.parse({}), NOW)
    expect(all.sampled).toBe(false)
    expect(all.data[0]).toEqual({
      error_type: 'tool_timeout',
      error_class: 'tooling',
      error_message_hash: 'h1',
      step: 'act',
      tool_name: 'pay',
      model: null,
      traces: 2,
      first_at: new Date(NOW - HOUR_MS + 1).toISOString(),
      last_at: new Date(NOW - HOUR_MS + 90_000).toISOString(),
      last_trace_id: 'later',
    })
    expect(all.data.map((row) => [row.error_type, row.error_message_hash, row.step, row.traces])).toEqual([
      ['tool_timeout', 'h1', 'act', 2],
      ['timeout', null, null, 1],
      ['timeout', 'h1', 'plan', 1],
      ['tool_timeout', 'h2', 'act', 1],
    ])
    const some = await listFailures(
      store,
      tenant,
      FailuresQuery.parse({ failure_type: 'timeout', status: 'error' }),
      NOW,
    )
    expect(some.data.map((row) => row.step)).toEqual([null, 'plan'])
    const first = await listFailures(store, tenant, FailuresQuery.parse({ limit: '1' }), NOW)
    expect(first.data).toHaveLength(1)
  })

  it.each([true, false])('are the same whatever comes when, and how often (sums made before: %s)', async (exact) => {
    const random = randomOf(17)
    const events = Array.from({ length: 240 }, (_, i) =>
      step(`t${i % 3}`, i, {
        step: `schritt-ü🙂 "${i % 3 === 0 ? Math.floor(random() * 60) : Math.floor(random() * 9)}"`,
        ...(random() < 0.3 && { ...called, tool_name: 'pay' }),
        ...(random() < 0.4 && { status: 'ok' as const }),
        ...(random() < 0.5 && { cost_nanousd: 1000 }),
      }),
    )
    const expected = Object.fromEntries(
      ['t0', 't1', 't2'].map((id) => {
        const texts = events.filter(({ trace_id }) => trace_id === id).flatMap((event) => failureOf(event) ?? [])
        const first = [...new Set(texts)].sort().slice(0, TRACE_FAILURES_MAX)
        return [id, first.map((text) => JSON.stringify(JSON.parse(text)))]
      }),
    )
    expect(expected['t0']).toHaveLength(TRACE_FAILURES_MAX)
    for (let run = 0; run < 3; run++) {
      const tenant = freshTenant()
      const shuffled = events.map((event) => ({ event, at: random() })).sort((a, b) => a.at - b.at)
      for (let from = 0; from < shuffled.length; from += 30) {
        // Some of what came before comes again.
        const part = shuffled.slice(Math.max(0, from - 10), from + 30).map(({ event }) => event)
        await commit(tenant, part, exact)
      }
      expect(await kept(tenant)).toEqual(expected)
    }
  })
})
