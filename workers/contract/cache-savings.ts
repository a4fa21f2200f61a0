import * as z from 'zod'
import { UsdString } from './api.ts'

/** What caching saved of a model, at the catalogue's prices of the time. */
export const CacheSavingsRow = z.object({
  provider: z.string(),
  model: z.string(),
  entries: z.number(),
  tokens_prompt: z.number(),
  tokens_cached: z.number(),
  tokens_cache_write: z.number(),
  hit_ratio: z.number().nullable().meta({ description: 'Cached of all prompt tokens, from 0 to 1' }),
  paid_usd: UsdString.nullable().meta({ description: 'For tokens read from and written to the cache; null: no price' }),
  uncached_usd: UsdString.nullable().meta({ description: 'What the same tokens would have cost as plain input' }),
  saved_usd: z.string().nullable().meta({ description: 'The difference; below zero where writing cost more' }),
  tokens_unpriced: z.number().meta({ description: 'Tokens of the cache without a price, which are in no amount' }),
})
export type CacheSavingsRow = z.infer<typeof CacheSavingsRow>
export const CacheSavings = z.object({
  data: z.array(CacheSavingsRow).meta({ description: 'What saved the most first' }),
  total: CacheSavingsRow.omit({ provider: true, model: true }),
})
export type CacheSavings = z.infer<typeof CacheSavings>
