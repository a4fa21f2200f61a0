import type { Tenant } from '../../contract/tenant.ts'
import type { CacheUse } from '../../domain/cache-saving.ts'
import type { CacheQuery, ModelKey } from '../../services/spend/port.ts'
import { entrySql, whereSql } from './ledger-entries.ts'
import { Values } from './rollup-read.ts'

const QUARTER_MS = 900_000

/** Sums over the ledger's own rows that a cache had to do with, for models whose price depends on time or length. */
export async function cacheUses(
  db: D1Database,
  tenant: Tenant,
  projectIds: readonly string[],
  { from_ms, to_ms, filters, models, by_time, tiers }: CacheQuery,
): Promise<(ModelKey & CacheUse)[]> {
  const values = new Values()
  const entries = entrySql(projectIds, [{ from_ms, to_ms }], values)
  const where = whereSql(tenant, filters, values)
  const keys = values.add(JSON.stringify(models.map(({ provider, model }) => [provider, model])))
  const at = by_time ? `ts_ms / ${QUARTER_MS} * ${QUARTER_MS}` : values.addInteger(from_ms)
  // The least that a prompt of this tier holds: one token more than where the tier begins.
  const tier = `(SELECT coalesce(max(value) + 1, 0) FROM json_each(${values.add(JSON.stringify(tiers))}) WHERE value < tokens_prompt)`
  const { results } = await db
    .prepare(
      `${entries}
SELECT provider, model, ${at} AS at_ms, ${tier} AS least, sum(tokens_cached) AS tokens_cached, sum(tokens_cache_write) AS tokens_cache_write
FROM entry WHERE ${where} AND tokens_cached + tokens_cache_write > 0
AND (provider, model) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${keys})) GROUP BY 1, 2, 3, 4`,
    )
    .bind(...values.list)
    .all<ModelKey & Omit<CacheUse, 'tokens_prompt'> & { least: number }>()
  return results.map(({ least, ...use }) => ({ ...use, tokens_prompt: least }))
}
