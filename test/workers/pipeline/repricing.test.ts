import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { catchUpStore } from '../../../workers/adapters/d1/catch-up.ts'
import { modelUseStore } from '../../../workers/adapters/d1/model-uses.ts'
import { traceStore } from '../../../workers/adapters/d1/trace-store.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { NO_PRICES } from '../../../workers/domain/price-book.ts'
import { catchUpDeps } from '../../../workers/pipeline/deps.ts'
import { catchUp, SETTLE_MS } from '../../../workers/services/ingest/catch-up.ts'
import { advanceJob } from '../../../workers/services/job/run.ts'
import { cancelRepricing, readRepricing, startRepricing } from '../../../workers/services/repricing/start.ts'
import { modelUses } from '../../../workers/services/spend/models.ts'
import { getTrace } from '../../../workers/services/trace/read.ts'
import { real } from '../../support/moving.ts'
import {
  asked,
  AT,
  expectEqual,
  HOUR_MS,
  jobs,
  KNOWN,
  pricedAt,
  rates,
  repriced,
  shardOf,
  store,
  sums,
  usdOf,
  workOf,
  world,
} from '../../support/repricing.ts'

describe('a repricing', () => {
  it('prices what had no price, once, and everything that sums money says so', async () => {
    const { tenant } = await world()
    await expectEqual(tenant, String(KNOWN), 6)
    const prices = pricedAt({ 'acme-unknown': rates(2, 'test/1:acme-unknown') })
    const done = await repriced(tenant, prices, { sources: ['unpriced'] })
    expect(done).toMatchObject({
      state: 'done',
      progress: 1,
      ...{ scanned: 6, entries: 6, priced: 6, unpriced: 0 },
      ...{ before_usd: usdOf(0), after_usd: usdOf(18_000_000), difference_usd: usdOf(18_000_000) },
      models: [{ provider: 'acme', model: 'acme-unknown', entries: 6, price_version: 'test/1:acme-unknown' }],
    })
    await expectEqual(tenant, String(KNOWN + 18_000_000), 0)
    const again = await repriced(tenant, prices, { sources: ['unpriced', 'computed'], model: 'acme-unknown' })
    expect(again).toMatchObject({ state: 'done', scanned: 6, entries: 0, difference_usd: usdOf(0), models: [] })
    await expectEqual(tenant, String(KNOWN + 18_000_000), 0)
  })

  it('adjusts from what stands now, down as well as up, and back to a price that was before', async () => {
    const { tenant } = await world()
    const at = (price: number) =>
      pricedAt({ 'acme-unknown': rates(price, `test/${price}`), 'gpt-4o': rates(1, 'test/4o') })
    for (const [price, cost] of [
      [2, 18_000_000],
      [1, 9_000_000],
      [2, 18_000_000],
    ] as const) {
      await repriced(tenant, at(price))
      await expectEqual(tenant, String(2 * 7_000_001 + 2 * 1_500_000 + cost), 0)
    }
    const rows = await shardOf(tenant)
      .prepare(
        `SELECT event_key = adjusts || '~000' || row_number() OVER (PARTITION BY adjusts ORDER BY event_key) AS named, cost_nanousd,
         cost_source, price_version, adjusts_source FROM ledger l WHERE project_id = ?1 AND trace_id = 't1' AND span_id = 'with id'
         AND adjusts = (SELECT event_key FROM ledger o WHERE o.project_id = ?1 AND o.trace_id = 't1' AND o.span_id = 'with id' AND o.adjusts = '')
         ORDER BY event_key`,
      )
      .bind(tenant.project_id)
      .all()
    const row = (cost_nanousd: number, price_version: string, adjusts_source: string) => ({
      ...{ named: 1, cost_nanousd, cost_source: 'computed', price_version, adjusts_source },
    })
    expect(rows.results).toEqual([
      row(3_000_000, 'test/2', 'unpriced'),
      row(-1_500_000, 'test/1', 'computed'),
      row(1_500_000, 'test/2', 'computed'),
    ])
    // What failed has leaked, at its new price.
    const leaked = await shardOf(tenant)
      .prepare(`SELECT sum(leak_nanousd) AS leaked FROM ledger WHERE project_id = ?1 AND leak = 'failed_call'`)
      .bind(tenant.project_id)
      .first()
    expect(leaked).toEqual({ leaked: 3_000_000 })
  })

  it('leaves what clients reported unless that is asked for, and what a filter leaves out', async () => {
    const { tenant } = await world()
    const prices = pricedAt({ 'gpt-4o-mini': rates(1, 'test/mini'), 'acme-unknown': rates(2, 'test/2') })
    await repriced(tenant, prices, { provider: 'openai' })
    await expectEqual(tenant, String(KNOWN), 6)
    const done = await repriced(tenant, prices, { sources: ['reported'], model: 'gpt-4o-mini' })
    expect(done).toMatchObject({ entries: 2, before_usd: usdOf(14_000_002), after_usd: usdOf(3_000_000) })
    expect(done.difference_usd).toBe(usdOf(-11_000_002))
    await expectEqual(tenant, String(KNOWN - 11_000_002), 6)
  })

  it('says what would change and changes nothing', async () => {
    const { tenant } = await world()
    const done = await repriced(tenant, pricedAt({ 'acme-unknown': rates(2, 'test/2') }), { dry_run: true })
    expect(done).toMatchObject({ dry_run: true, entries: 6, unpriced: 2, difference_usd: usdOf(18_000_000) })
    expect(done.models.map(({ model, entries, unpriced }) => [model, entries, unpriced])).toEqual([
      ['acme-unknown', 6, 0],
      ['gpt-4o', 0, 2],
    ])
    await expectEqual(tenant, String(KNOWN), 6)
  })

  it('takes only the range: its start, and not its end', async () => {
    const { tenant } = await world()
    const range = { from: new Date(AT).toISOString(), to: new Date(AT + HOUR_MS).toISOString() }
    const done = await repriced(tenant, pricedAt({ 'acme-unknown': rates(2, 'test/2') }), range)
    expect(done).toMatchObject({ scanned: 4, entries: 3 })
    await expectEqual(tenant, String(KNOWN + 9_000_000), 3)
  })

  it('books each difference once, wherever it is killed', async () => {
    for (const place of ['before commit', 'after commit', 'after follow']) {
      const { tenant } = await world()
      let turn = 0
      const killed = () => (turn++ % 2 === 0 ? place : '')
      const done = await repriced(tenant, pricedAt({ 'acme-unknown': rates(2, 'test/2') }), {}, killed)
      expect([place, done.entries, done.difference_usd]).toEqual([place, 6, usdOf(18_000_000)])
      const shard = shardOf(tenant)
      // Of a minute later, the pipeline has told TenantBudget what a killed unit did not.
      await catchUp({ ...catchUpDeps(real, 'eu', 0), behind: only(tenant, shard) }, Date.now() + 2 * SETTLE_MS)
      await expectEqual(tenant, String(KNOWN + 18_000_000), 0)
    }
  })

  it('is not booked by two that run it, nor after it was cancelled', async () => {
    const { tenant } = await world()
    const prices = pricedAt({ 'acme-unknown': rates(2, 'test/2') })
    const { id } = await startRepricing(jobs, tenant, [tenant.project_id], asked())
    await expect(startRepricing(jobs, tenant, [tenant.project_id], asked())).rejects.toThrow('under way')
    const kept = await store.find(tenant, 'repricing', id)
    if (kept === null) throw new Error('no job')
    const both = [0, 1].map(() => advanceJob(store, tenant, workOf(tenant, prices), kept, () => Date.now()))
    expect((await Promise.allSettled(both)).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const before = await sums(tenant)
    const next = await store.find(tenant, 'repricing', id)
    if (next === null) throw new Error('no job')
    const cancelled = await cancelRepricing(jobs, tenant, id)
    expect(cancelled).toMatchObject({ state: 'cancelled', entries: 2 })
    for (let unit = 0; unit < 3; unit++)
      await advanceJob(store, tenant, workOf(tenant, prices), next, () => Date.now()).catch(() => {})
    expect(await sums(tenant)).toEqual(before)
    await expectEqual(tenant, String(KNOWN + 6_000_000), 4)
  })

  it('shows in its traces, and leaves another organization alone', async () => {
    const [{ tenant }, other] = [await world(), await world()]
    await repriced(tenant, pricedAt({ 'acme-unknown': rates(2, 'test/2') }))
    const { trace, events } = await getTrace(traceStore(shardOf), tenant, 't1')
    expect(trace).toMatchObject({ unpriced: 0, cost_usd: usdOf(KNOWN / 2 + 9_000_000) })
    const costs = events.flatMap(({ span_id, cost_usd, cost_source }) =>
      cost_usd ? [[span_id, cost_usd, cost_source]] : [],
    )
    expect(Object.fromEntries(costs.map(([span, ...cost]) => [span, cost]))).toEqual({
      unknown: [usdOf(3_000_000), 'computed'],
      'with id': [usdOf(3_000_000), 'computed'],
      answered: [usdOf(3_000_000), 'computed'],
      known: [usdOf(7_500_000), 'computed'],
      reported: [usdOf(7_000_001), 'reported'],
    })
    await expectEqual(other.tenant, String(KNOWN), 6)
  })

  it('shows in the list of models, by what each is priced now', async () => {
    const { tenant } = await world()
    const uses = async () => {
      const deps = { store: modelUseStore(shardOf), openPrices: async () => NO_PRICES, now: () => Date.now() }
      const range = { from_ms: AT - HOUR_MS, to_ms: AT + 3 * HOUR_MS }
      const { data } = await modelUses(deps, tenant, [tenant.project_id], range)
      return data.map(({ model, calls, cost_usd, unpriced, detail }) => [
        model,
        calls,
        cost_usd,
        unpriced,
        detail?.computed,
        detail?.price_versions.map(({ version, calls: n }) => [version, n]),
      ])
    }
    const others = [
      ['gpt-4o', 2, usdOf(15_000_000), 0, 2, [[expect.stringContaining('openai/gpt-4o'), 2]]],
      ['gpt-4o-mini', 2, usdOf(14_000_002), 0, 0, []],
    ]
    expect(await uses()).toEqual([['acme-unknown', 6, usdOf(0), 6, 0, []], ...others])
    const until = { to: new Date(AT + HOUR_MS).toISOString(), model: 'acme-unknown' }
    await repriced(tenant, pricedAt({ 'acme-unknown': rates(2, 'test/2') }), until)
    expect(await uses()).toEqual([['acme-unknown', 6, usdOf(9_000_000), 3, 3, [['test/2', 3]]], ...others])
    await repriced(tenant, pricedAt({ 'acme-unknown': rates(4, 'test/4') }), { model: 'acme-unknown' })
    expect(await uses()).toEqual([['acme-unknown', 6, usdOf(36_000_000), 0, 6, [['test/4', 6]]], ...others])
  })

  it('is carried out by OrgJobs at the prices of the catalogue', async () => {
    const { tenant } = await world()
    const { id } = await startRepricing(jobs, tenant, [tenant.project_id], asked({ sources: ['reported'] }))
    const stub = cellFor(real, tenant.cell).object(real.ORG_JOBS, tenant.org_id)
    await stub.run(tenant)
    for (let turn = 0; turn < 5 && (await readRepricing(jobs, tenant, id)).state === 'running'; turn++)
      await runDurableObjectAlarm(stub)
    // gpt-4o-mini: 1,000 × 0.15 and 500 × 0.60 dollars a million.
    expect(await readRepricing(jobs, tenant, id)).toMatchObject({ state: 'done', after_usd: usdOf(2 * 450_000) })
    await expectEqual(tenant, String(KNOWN - 2 * (7_000_001 - 450_000)), 6)
  })
})

/** The catch-up of one organization: others of the shard are none of this test's. */
function only({ org_id }: ProjectTenant, shard: D1Database) {
  return async (settledMs: number) =>
    (await catchUpStore(shard).behind(settledMs)).filter((one) => one.org_id === org_id)
}
