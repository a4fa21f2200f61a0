import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { spendStore } from '../../../workers/adapters/d1/spend-store.ts'
import { bundledBook } from '../../../workers/adapters/prices/bundled.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import { rateAt } from '../../../workers/domain/price.ts'
import { cacheSavings } from '../../../workers/services/spend/cache.ts'
import { freshTenant } from '../../support/batches.ts'
import { randomOf } from '../../support/metrics-fleet.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const NOW = Date.UTC(2026, 10, 2, 14, 37)
const START = NOW - 3 * 86_400_000
const tenant = freshTenant()
const deps = {
  spend: spendStore(
    () => db,
    () => NOW,
  ),
  openPrices: async () => bundledBook,
}
/** One price; by length of the prompt; by time of day; without a price for writes; without any. */
const MODELS = [
  ['anthropic', 'claude-haiku-4-5'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-pro'],
  ['deepseek', 'deepseek-chat'],
  ['openai', 'gpt-4o'],
  ['nobody', 'mystery'],
] as const

function callsOf(seed: number, count: number): CanonicalEvent[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => {
    const [provider, model] = MODELS[i % MODELS.length] ?? MODELS[0]
    // On both sides of a tier, and now and then just at it.
    const tokens_prompt = i % 7 === 0 ? 200_000 + (i % 2) : Math.floor(random() * 400_000) + 10
    const tokens_cached = i % 5 === 0 ? 0 : Math.floor(random() * tokens_prompt)
    return {
      event_type: 'agent.step.completed',
      timestamp: START + Math.floor(random() * (NOW - START)),
      trace_id: `trace-${seed}-${i}`,
      span_id: `span-${i}`,
      agent_id: Math.floor(i / MODELS.length) % 2 === 0 ? 'a1' : 'a2',
      provider,
      model,
      tokens_prompt,
      tokens_cached,
      tokens_cache_write: provider === 'anthropic' ? Math.floor(random() * (tokens_prompt - tokens_cached)) : 0,
      tokens_completion: 5,
    }
  })
}

/** One call after the other, each at the price of its own time and length. */
function folded(calls: readonly CanonicalEvent[], model: string): { paid: bigint; uncached: bigint } {
  let paid = 0n
  let uncached = 0n
  for (const call of calls.filter((one) => one.model === model)) {
    const rates = bundledBook.rates(call.provider ?? '', model, call.timestamp)
    const { tokens_prompt = 0, tokens_cached = 0, tokens_cache_write = 0 } = call
    if (rates?.cacheRead === undefined) throw new Error(`${model} has a price`)
    paid += BigInt(tokens_cached) * rateAt(rates.cacheRead, tokens_prompt)
    paid += BigInt(tokens_cache_write) * rateAt(rates.cacheWrite ?? rates.input, tokens_prompt)
    uncached += BigInt(tokens_cached + tokens_cache_write) * rateAt(rates.input, tokens_prompt)
  }
  return { paid: (paid + 500n) / 1000n, uncached: (uncached + 500n) / 1000n }
}

const nano = (usd: string | null | undefined) => (usd == null ? null : BigInt(usd.replace('.', '')))

describe('what caching saved', () => {
  const calls = callsOf(5, 300)
  beforeAll(async () => {
    await commitEvents(db, tenant, calls.slice(0, 200), 40)
    while (await rollupStore(db).roll(tenant.org_id));
    await commitEvents(db, tenant, calls.slice(200), 40)
    await commitEvents(db, freshTenant(), callsOf(6, 30), 30)
  })

  it.each([
    ['all of it', START, NOW + 600_000, undefined],
    ['a ragged range', START + 12_345_678, NOW - 3_456_789, undefined],
    ['one agent', START, NOW, 'a1'],
  ] as const)('equals a fold of the calls: %s', async (_, from_ms, to_ms, agent) => {
    const filters = agent === undefined ? {} : { agent: [agent] }
    const { data, total } = await cacheSavings(deps, tenant, [tenant.project_id], { from_ms, to_ms, filters })
    const asked = calls.filter(
      (call) => call.timestamp >= from_ms && call.timestamp < to_ms && (agent ?? call.agent_id) === call.agent_id,
    )
    let saved = 0n
    for (const [provider, model] of MODELS.slice(0, 5)) {
      const row = data.find((one) => one.model === model && one.provider === provider)
      const { paid, uncached } = folded(asked, model)
      expect([model, nano(row?.paid_usd), nano(row?.uncached_usd)]).toEqual([model, paid, uncached])
      expect(nano(row?.saved_usd)).toBe(uncached - paid)
      const own = asked.filter((call) => call.model === model)
      const sum = (name: 'tokens_prompt' | 'tokens_cached') => own.reduce((all, call) => all + (call[name] ?? 0), 0)
      expect(row?.hit_ratio).toBe(sum('tokens_cached') / sum('tokens_prompt'))
      saved += uncached - paid
    }
    expect(nano(total.saved_usd)).toBe(saved)
  })

  it('says of a model without a price how many tokens that are, and no amount', async () => {
    const query = { from_ms: START, to_ms: NOW + 600_000 }
    const { data, total } = await cacheSavings(deps, tenant, [tenant.project_id], query)
    const cached = calls.reduce((all, call) => all + (call.model === 'mystery' ? (call.tokens_cached ?? 0) : 0), 0)
    expect(cached).toBeGreaterThan(0)
    expect(data.find(({ model }) => model === 'mystery')).toMatchObject({
      paid_usd: null,
      uncached_usd: null,
      saved_usd: null,
      tokens_unpriced: cached,
    })
    expect(total.tokens_unpriced).toBe(cached)
  })

  it('tells prices of the day from those of the night', () => {
    const rates = [2, 20].map(
      (hour) => bundledBook.rates('deepseek', 'deepseek-chat', Date.UTC(2026, 10, 1, hour))?.cacheRead,
    )
    expect(rates[0]).not.toEqual(rates[1])
  })
})
