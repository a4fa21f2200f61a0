import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { modelUseStore } from '../../../workers/adapters/d1/model-uses.ts'
import { rollupDays } from '../../../workers/adapters/d1/rollup-days.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { priceOf } from '../../../workers/domain/ledger.ts'
import { NO_PRICES } from '../../../workers/domain/price-book.ts'
import { kindOf } from '../../../workers/domain/rollup.ts'
import type { UseQuery } from '../../../workers/services/spend/models.ts'
import { freshTenant } from '../../support/batches.ts'
import { randomEvents } from '../../support/metrics-fleet.ts'
import type { Placed } from '../../support/metrics-reference.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 10, 2, 14, 37, 12)
const START = NOW - 72 * HOUR_MS

type Sums = [cost: bigint, calls: number, unpriced: number, prompt: number, completion: number]

/** Direct sums over the events, by provider, model, and the tool of calls of tools. */
function direct(events: readonly Placed[], { from_ms, to_ms }: UseQuery): Map<string, Sums> {
  const sums = new Map<string, Sums>()
  for (const { event } of events) {
    const priced = priceOf(event, NO_PRICES)
    if (priced === null || event.timestamp < from_ms || event.timestamp >= to_ms) continue
    const key = `${event.provider ?? ''}/${event.model ?? ''}/${kindOf(event) === 'tool' ? (event.tool_name ?? '') : ''}`
    const [cost, calls, unpriced, prompt, completion] = sums.get(key) ?? [0n, 0, 0, 0, 0]
    sums.set(key, [
      cost + BigInt(priced.cost_nanousd),
      calls + 1,
      unpriced + Number(priced.cost_source === 'unpriced'),
      prompt + (event.tokens_prompt ?? 0),
      completion + (event.tokens_completion ?? 0),
    ])
  }
  return sums
}

it('sums up models and tools exactly, before and after anything is merged or packed', async () => {
  const tenant = freshTenant()
  const events = await commitEvents(db, tenant, randomEvents(7, 1200, START, NOW), 60)
  const store = modelUseStore(() => db)
  const ranges: UseQuery[] = [
    { from_ms: START, to_ms: NOW + 1 },
    { from_ms: START + 1234, to_ms: NOW - 30 * HOUR_MS - 4321 },
    { from_ms: NOW - 20 * HOUR_MS - 1, to_ms: NOW - 20 * HOUR_MS + 3_000_000 },
  ]
  const check = async () => {
    for (const range of ranges) {
      const { sums, sources, detail_ms } = await store.uses(tenant, [tenant.project_id], range)
      const found = sums.map(({ provider, model, tool_name, ...sum }): [string, Sums] => [
        `${provider}/${model}/${tool_name}`,
        [sum.cost_nanousd, sum.calls, sum.unpriced, sum.tokens_prompt, sum.tokens_completion],
      ])
      const expected = direct(events, range)
      expect(expected.size).toBeGreaterThan(0)
      expect(new Map(found)).toEqual(expected)
      expect(detail_ms).toBe(range.from_ms)
      expect(sources.reduce((sum, { calls }) => sum + calls, 0)).toBe(sums.reduce((sum, { calls }) => sum + calls, 0))
    }
  }
  await check()
  while (await rollupStore(db).roll(tenant.org_id));
  await check()
  await rollupDays(db, 1).pack(NOW)
  await check()
})
