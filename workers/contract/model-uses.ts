import * as z from 'zod'
import { UsdString } from './api.ts'

/** The models, and tools with a cost, that an organization's agents have used, and what is known of their prices. */

const count = z.number().int()

/** US dollars per million tokens, as a price list has them. */
const PerMillion = z.string().nullable()

export const ModelPrice = z.object({
  version: z.string().meta({ description: 'Names whose prices these are, and of which row' }),
  input_usd: PerMillion.meta({ description: 'US dollars per million tokens; null where the price has no such part' }),
  output_usd: PerMillion,
  cache_read_usd: PerMillion,
  cache_write_usd: PerMillion,
  tiers: z.boolean().meta({ description: 'A request costs otherwise above a number of input tokens' }),
})
export type ModelPrice = z.infer<typeof ModelPrice>

export const ModelUse = z.object({
  provider: z.string(),
  model: z.string().meta({ description: 'As events name it; empty for what names none' }),
  tool_name: z.string().meta({ description: 'Of calls of a tool; else empty' }),
  calls: count.meta({ description: 'Ledger entries' }),
  cost_usd: UsdString,
  tokens_prompt: count,
  tokens_cached: count,
  tokens_cache_write: count,
  tokens_completion: count,
  tokens_reasoning: count,
  unpriced: count.meta({ description: 'Calls without a price' }),
  detail: z
    .object({
      reported: count.meta({ description: 'Calls whose cost the client reported' }),
      computed: count,
      unpriced: count,
      unpriced_tokens: count,
      last_seen_at: z.string(),
      price_versions: z
        .array(z.object({ version: z.string(), calls: count }))
        .meta({ description: 'By which calls were computed, most calls first' }),
    })
    .nullable()
    .meta({
      description: 'From the newest entries of the range, since `detail_from`; null where none of them is of it',
    }),
  price: ModelPrice.nullable().meta({ description: 'What it costs now; null where no price is known' }),
})
export type ModelUse = z.infer<typeof ModelUse>

export const ModelUses = z.object({
  data: z.array(ModelUse).meta({ description: 'What has calls without a price first, then the most expensive' }),
  from: z.string(),
  to: z.string(),
  detail_from: z.string().meta({ description: 'Later than `from` where the range holds more entries than are read' }),
  truncated: z.boolean().meta({ description: 'Whether more models were used than are listed' }),
})
export type ModelUses = z.infer<typeof ModelUses>
