import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { d1Metrics } from '../../../workers/adapters/metrics/d1/store.ts'
import { BudgetCreate } from '../../../workers/contract/budget.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import { SloCreate } from '../../../workers/contract/slo.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import type { Found } from '../../../workers/domain/alert/need.ts'
import { burnSample, sloNeed, sloStatus } from '../../../workers/domain/slo/judge.ts'
import type { Env } from '../../../workers/pipeline/deps.ts'
import { freshTenant } from '../../support/batches.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const bindings = env as unknown as Env & { DATA_GLOBAL_0: D1Database }
const db = bindings.DATA_GLOBAL_0
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NOW = Math.floor(Date.now() / HOUR) * HOUR + 37 * MINUTE + 12_345

let span = 0
function request(atMs: number, more: Partial<CanonicalEvent> = {}): CanonicalEvent {
  const id = `span${++span}`
  return {
    event_type: 'agent.request.completed',
    timestamp: atMs,
    trace_id: `t${id}`,
    span_id: id,
    status: 'ok',
    latency_ms: 400,
    ...more,
  }
}

/** `n` requests a minute over [from, to), of which every k-th has something else. */
function traffic(
  fromMs: number,
  toMs: number,
  perMinute: number,
  every = Infinity,
  more: Partial<CanonicalEvent> = {},
) {
  const gap = MINUTE / perMinute
  return Array.from({ length: Math.floor((toMs - fromMs) / gap) }, (_, i) =>
    request(fromMs + Math.floor(i * gap), i % every === 0 ? more : {}),
  )
}

/** What an evaluation at a moment finds in the stores. */
async function judged(tenant: ProjectTenant, input: Parameters<typeof SloCreate.parse>[0], nowMs: number) {
  const slo = SloCreate.parse(input)
  const need = sloNeed(slo, nowMs)
  const store = d1Metrics(
    () => db,
    () => nowMs,
  )
  const budget = cellFor(bindings, 'global').object(bindings.TENANT_BUDGET, tenant.org_id)
  const found: Found = { answers: {}, budgets: need.budgets ? await budget.budgets() : [], spend: {} }
  for (const { name, query } of need.questions)
    found.answers[name] = (await store.query(tenant, [tenant.project_id], query)).data
  for (const { name, budget_id, range } of need.spend ?? [])
    found.spend = { ...found.spend, [name]: await budget.spending(budget_id, range) }
  const status = sloStatus(slo, found, nowMs)
  return { status, sample: burnSample(status, slo, 'both') }
}

const success = { name: 'a', indicator: { type: 'success_rate' }, objective: 0.99 }
const FAILED: Partial<CanonicalEvent> = { status: 'error', error_type: 'timeout' }

describe('an objective over real events', () => {
  it('is critical minutes after a failure begins, and quiet again when it is over', async () => {
    const tenant = freshTenant()
    const broke = NOW - 20 * MINUTE
    await commitEvents(db, tenant, [...traffic(NOW - 30 * HOUR, broke, 1), ...traffic(broke, NOW, 4, 2, FAILED)], 200)
    const before = await judged(tenant, success, broke - MINUTE)
    expect(before.sample).toMatchObject({ severity: null, value: 0, unknown: null })
    expect(before.status).toMatchObject({ sli: 1, budget_left: 1, exhausted_at: null })
    expect((await judged(tenant, success, broke + 15 * MINUTE)).sample.severity).toBe('critical')
    const now = await judged(tenant, success, NOW)
    expect(now.sample.detail).toMatch(
      /^The error budget burns \d+(\.\d)? times as fast as allowed over 1 hour and 50 times over 5 minutes/,
    )
    expect(now.status).toMatchObject({ total: 1780 + 80, good: 1780 + 40 })
    await commitEvents(db, tenant, traffic(NOW, NOW + HOUR, 4), 200)
    const after = await judged(tenant, success, NOW + 40 * MINUTE)
    expect(after.status?.burn[0]).toMatchObject({ short_rate: 0, firing: false })
    expect(after.sample.severity).not.toBe('critical')
  })

  it('counts what is filtered only, and other organizations never', async () => {
    const tenant = freshTenant()
    const hour = NOW - HOUR
    await commitEvents(db, freshTenant(), traffic(hour, NOW, 2, 1, FAILED), 100)
    await commitEvents(
      db,
      tenant,
      [
        ...traffic(hour, NOW, 1, 1, { environment: 'production' }),
        ...traffic(hour, NOW, 1, 1, { ...FAILED, environment: 'staging' }),
      ],
      100,
    )
    const of = (values: string[]) => ({
      ...success,
      indicator: { type: 'success_rate', filters: [{ dimension: 'environment', values }] },
    })
    expect((await judged(tenant, of(['production']), NOW)).status).toMatchObject({ total: 60, good: 60 })
    expect((await judged(tenant, of(['staging']), NOW)).sample.severity).toBe('critical')
    expect((await judged(tenant, success, NOW)).status).toMatchObject({ total: 120, good: 60 })
  })

  it('takes the share of latencies within its limit', async () => {
    const tenant = freshTenant()
    await commitEvents(db, tenant, traffic(NOW - 2 * HOUR, NOW, 2, 4, { latency_ms: 3000 }), 100)
    const slo = { name: 'fast', indicator: { type: 'latency', threshold_ms: 1000 }, objective: 0.9 }
    const { status, sample } = await judged(tenant, slo, NOW)
    expect(status).toMatchObject({ total: 240, good: 180, sli: 0.75 })
    expect(status?.burn[0]?.long_rate).toBeCloseTo(2.5, 1)
    expect(sample.severity).toBe('warning')
  })
})

describe('an objective over the ledger’s spend', () => {
  it('is judged by what a budget’s scope has really spent, to the nano-dollar', async () => {
    const tenant = freshTenant()
    const rpc = cellFor(bindings, 'global').object(bindings.TENANT_BUDGET, tenant.org_id)
    const config = BudgetCreate.parse({
      name: 'b',
      scope: { type: 'project', id: tenant.project_id },
      period: 'day',
      limit_usd: '24',
    })
    await rpc.create({ org_id: tenant.org_id, cell: 'global', shard: 0 }, 'bdg_1', 'UTC', config)
    // A dollar an hour is planned; a dollar and a tenth are spent, for twenty days.
    const quarter = 15 * MINUTE
    const from = Math.floor(NOW / HOUR) * HOUR - 20 * 24 * HOUR
    const deltas = Array.from({ length: Math.ceil((NOW - from) / quarter) }, (_, i) => ({
      quarter_ms: from + i * quarter,
      ...{ workspace_id: tenant.workspace_id, project_id: tenant.project_id, agent_id: '', workflow_id: '' },
      ...{ provider: '', model: '', user_id: '', cost_nanousd: 275_000_001, tokens: 0, entries: 1 },
    }))
    await rpc.apply('c1', deltas)
    const slo = {
      name: 'planned',
      indicator: { type: 'budget_variance', budget_id: 'bdg_1', tolerance: 0.05 },
      objective: 0.95,
    }
    const { status, sample } = await judged(tenant, slo, NOW)
    expect(status?.spend?.actual_usd).toBe(
      `${((275_000_001n * BigInt(deltas.length)) / 1_000_000_000n).toString()}.${((275_000_001n * BigInt(deltas.length)) % 1_000_000_000n).toString().padStart(9, '0')}`,
    )
    expect(Number(status?.spend?.planned_usd)).toBeCloseTo(20 * 24 + 37.2 / 60, 0)
    expect(sample).toMatchObject({ severity: 'warning' })
    expect(sample.value).toBeCloseTo(2, 0)
    expect(status?.budget_left).toBeLessThan(0)
    expect(await judged(tenant, { ...slo, indicator: { ...slo.indicator, budget_id: 'bdg_2' } }, NOW)).toMatchObject({
      status: null,
      sample: { unknown: 'no_data' },
    })
  })
})
