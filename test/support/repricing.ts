import { expect } from 'vitest'
import { cellFor } from '../../workers/adapters/cells.ts'
import { jobStore } from '../../workers/adapters/d1/job-store.ts'
import { repricingStore } from '../../workers/adapters/d1/repricing-store.ts'
import { rollupStore } from '../../workers/adapters/d1/rollup-store.ts'
import { spendStore } from '../../workers/adapters/d1/spend-store.ts'
import { RepricingCreate } from '../../workers/contract/repricing.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { ProjectTenant } from '../../workers/contract/tenant.ts'
import { NO_PRICES, type PriceBook } from '../../workers/domain/price-book.ts'
import type { Rates } from '../../workers/domain/price.ts'
import { commitSinks, newCommitId } from '../../workers/pipeline/deps.ts'
import { followCommit } from '../../workers/services/ingest/apply.ts'
import { advanceJob, type JobDeps } from '../../workers/services/job/run.ts'
import { readRepricing, startRepricing } from '../../workers/services/repricing/start.ts'
import { repricing } from '../../workers/services/repricing/work.ts'
import { envelopeOf, makeBatch } from './batches.ts'
import { heldQueues, livingTenant, real } from './moving.ts'

export const HOUR_MS = 3_600_000
const NOW = Date.now()
/** When the first trace is; the second is an hour later. */
export const AT = NOW - 5 * HOUR_MS
export const shardOf = ({ cell, shard }: Pick<ProjectTenant, 'cell' | 'shard'>) => cellFor(real, cell).shard(shard)
export const store = jobStore(shardOf)
export const jobs: JobDeps = {
  store,
  wake: async () => {},
  now: () => Date.now(),
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
}

/** So many micro-dollars for a million tokens, in and out. */
export function rates(usdPerMillion: number, version: string): Rates {
  const rate = { base: BigInt(usdPerMillion * 1e6), tiers: [] }
  return { input: rate, output: rate, version }
}
export const pricedAt = (prices: Record<string, Rates>): PriceBook => ({
  ...NO_PRICES,
  rates: (_, model) => prices[model] ?? null,
})

/** A call of a model in each of some traces: unknown, known, reported, and one with an id of the client's own. */
function calls(traceId: string, atMs: number): CanonicalEvent[] {
  const call = (span_id: string, fields: Partial<CanonicalEvent>): CanonicalEvent => ({
    event_type: 'agent.step.completed',
    timestamp: atMs,
    trace_id: traceId,
    span_id,
    agent_id: 'bot',
    user_id: 'u1',
    environment: 'test',
    provider: 'acme',
    status: 'ok',
    tokens_prompt: 1000,
    tokens_completion: 500,
    ...fields,
  })
  return [
    call('unknown', { model: 'acme-unknown' }),
    call('with id', { model: 'acme-unknown', event_id: `mine-${traceId}` }),
    call('answered', { model: 'acme-unknown', response_id: `chatcmpl-${traceId}-37a92eb2c907c9526b7152` }),
    call('known', { provider: 'openai', model: 'gpt-4o', status: 'error' }),
    call('reported', { provider: 'openai', model: 'gpt-4o-mini', cost_nanousd: 7_000_001 }),
    {
      ...call('root', { event_type: 'agent.request.completed', timestamp: atMs + 5 }),
      tokens_prompt: 0,
      tokens_completion: 0,
    },
  ]
}

export async function world() {
  const tenant = await livingTenant('eu')
  const queues = heldQueues()
  const send = (events: CanonicalEvent[]) => queues.deliver('eu', [envelopeOf(makeBatch(tenant, events))])
  await send(calls('t1', AT))
  await send(calls('t2', AT + HOUR_MS))
  return { tenant, send }
}

export const asked = (more: object = {}) =>
  RepricingCreate.parse({
    from: new Date(AT - HOUR_MS).toISOString(),
    to: new Date(AT + 3 * HOUR_MS).toISOString(),
    ...more,
  })

/** The work of a repricing with prices of the test; `killed` stops it where it says. */
export function workOf(tenant: ProjectTenant, prices: PriceBook, killed: () => string = () => '') {
  const stores = cellFor(real, tenant.cell)
  const ledger = repricingStore(shardOf(tenant), tenant, newCommitId, () => Date.now())
  const die = (at: string) => {
    if (killed() === at) throw new Error(`killed ${at}`)
  }
  return repricing({
    ...ledger,
    async commit(...given) {
      die('before commit')
      const delta = await ledger.commit(...given)
      die('after commit')
      return delta
    },
    openPrices: async () => prices,
    async follow(delta) {
      await followCommit(commitSinks(real, stores, null), tenant, delta)
      die('after follow')
    },
    audit: async () => {},
    now: () => Date.now(),
  })
}

async function run(tenant: ProjectTenant, id: string, prices: PriceBook, killed?: () => string) {
  const work = workOf(tenant, prices, killed)
  for (let units = 0; units < 100; units++) {
    const job = await store.find(tenant, 'repricing', id)
    if (job?.state !== 'running') return readRepricing(jobs, tenant, id)
    await advanceJob(store, tenant, work, job, () => Date.now()).catch(() => {})
  }
  throw new Error('a repricing without end')
}

export async function repriced(tenant: ProjectTenant, prices: PriceBook, more: object = {}, killed?: () => string) {
  const { id } = await startRepricing(jobs, tenant, [tenant.project_id], asked(more))
  return run(tenant, id, prices, killed)
}

/** Everything that sums money, which must say the same. */
export async function sums(tenant: ProjectTenant) {
  const db = shardOf(tenant)
  const one = async (sql: string) => ({ ...(await db.prepare(sql).bind(tenant.project_id).first()) })
  const budget = cellFor(real, tenant.cell).object(real.TENANT_BUDGET, tenant.org_id)
  const counters = await budget.snapshot({ from_ms: 0, to_ms: NOW * 2 })
  const org = counters.find(({ scope }) => scope === 'org')
  const spend = async (query: object) => {
    const range = { from_ms: AT - HOUR_MS, to_ms: AT + 3 * HOUR_MS, time_zone: 'UTC', group_by: [], ...query }
    const [sum] = await spendStore(shardOf).spend(tenant, [tenant.project_id], range)
    if (sum === undefined) throw new Error('no sum')
    return [sum.cost_nanousd.toString(), sum.entries, sum.unpriced, sum.tokens_prompt]
  }
  return {
    ledger: await one(
      `SELECT CAST(sum(cost_nanousd) AS TEXT) AS cost, sum(adjusts = '') AS entries, sum(tokens_prompt) AS tokens,
       sum(cost_source = 'unpriced') - sum(adjusts_source = 'unpriced') AS unpriced FROM ledger WHERE project_id = ?1`,
    ),
    deltas: await one(
      `SELECT CAST(sum(m.value ->> 12) AS TEXT) AS cost, sum(m.value ->> 13) AS entries, sum(m.value ->> 15) AS tokens,
       sum(m.value ->> 14) AS unpriced FROM delta d, json_each(d.money) m WHERE d.project_id = ?1 AND m.value ->> 0 <> 'leak'`,
    ),
    traces: await one(
      'SELECT CAST(sum(cost_nanousd) AS TEXT) AS cost, sum(unpriced) AS unpriced, sum(tokens_prompt) AS tokens FROM trace WHERE project_id = ?1',
    ),
    budget: [org?.cost_nanousd, org?.entries],
    // By whole hours from rollups, and by user and model from the ledger's rows.
    spend: await spend({}),
    ledgerSpend: await spend({ filters: { user: ['u1'], agent: ['bot'] } }),
  }
}

export async function expectEqual(tenant: ProjectTenant, cost: string, unpriced: number) {
  const whole = { cost, entries: 10, tokens: 10_000, unpriced }
  const expected = {
    ledger: whole,
    deltas: whole,
    traces: { cost, unpriced, tokens: 10_000 },
    budget: [cost, 10],
    spend: [cost, 10, unpriced, 10_000],
    ledgerSpend: [cost, 10, unpriced, 10_000],
  }
  expect(await sums(tenant)).toEqual(expected)
  while (await rollupStore(shardOf(tenant)).roll(tenant.org_id));
  expect(await sums(tenant)).toEqual(expected)
}

/** What the clients reported, and gpt-4o at the catalogue's price: 1,000 × 2.50 and 500 × 10 dollars a million, twice. */
export const KNOWN = 2 * (7_000_001 + 2_500_000 + 5_000_000)
export const usdOf = (nano: number) => `${nano < 0 ? '-' : ''}0.${String(Math.abs(nano)).padStart(9, '0')}`
