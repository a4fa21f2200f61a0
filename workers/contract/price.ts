import * as z from 'zod'

/** Prices of an organization's own: what it has agreed with its providers, and what calls of its tools cost. */

/** Parts of a request that have a rate; of Rates (domain/price.ts). */
export const RATE_NAMES = [
  'input',
  'output',
  'reasoning',
  'cache_read',
  'cache_write',
  'cache_write_1h',
  'audio_input',
  'audio_cache_read',
  'audio_output',
  'image_input',
  'image_cache_read',
  'image_output',
] as const
export type RateName = (typeof RATE_NAMES)[number]

/** Prices that an organization has at most, ended ones included. */
export const PRICES_MAX = 500
const NAME_CHARS_MAX = 200
const NOTE_CHARS_MAX = 500
const TIERS_MAX = 10

const PerMillion = z
  .string()
  .regex(/^\d{1,6}(\.\d{1,6})?$/, 'must be US dollars per million tokens, like "2.50": at most six decimals')
const CallUsd = z.string().regex(/^\d{1,6}(\.\d{1,9})?$/, 'must be US dollars, like "0.005": at most nine decimals')
const Discount = z
  .string()
  .regex(/^-?\d{1,3}(\.\d{1,4})?$/, 'must be percent, like "12.5": at most four decimals')
  .refine((text) => Number(text) <= 100, 'must be at most 100')
const Percent = z.string().regex(/^\d{1,4}(\.\d{1,4})?$/, 'must be percent, like "150": at most four decimals')

const time = z.iso.datetime({ offset: true })
const name = z.string().trim().min(1).max(NAME_CHARS_MAX)

const rates = z
  .strictObject(Object.fromEntries(RATE_NAMES.map((rate) => [rate, PerMillion.optional()])) as RateShape)
  .refine((given) => Object.keys(given).length > 0, 'must name a rate')
  .meta({ description: 'US dollars per million tokens; what is left out is of the catalogue' })
type RateShape = Record<RateName, z.ZodOptional<typeof PerMillion>>

const price = {
  rates: rates.optional(),
  discount_percent: Discount.optional().meta({
    description: 'Off the catalogue’s price of everything; below 0 it is a surcharge',
  }),
  call_usd: CallUsd.optional().meta({ description: 'Of one call of the tool, where it reports no cost' }),
  service_tiers: z
    .record(z.string().min(1).max(64), Percent)
    .refine((tiers) => Object.keys(tiers).length <= TIERS_MAX, `must have at most ${TIERS_MAX} entries`)
    .optional()
    .meta({ description: 'What a service tier costs, in percent of the standard price, like {"priority": "150"}' }),
}
const note = z.string().max(NOTE_CHARS_MAX).meta({ description: 'The contract, say' })

type Given = { [K in keyof typeof price]?: unknown } & { model?: unknown; tool?: unknown }

const isFor = ({ model, tool }: Given) => (model == null) !== (tool == null)
const isWhole = ({ tool, rates: own, discount_percent, call_usd, service_tiers }: Given) =>
  tool != null
    ? call_usd != null && own == null && discount_percent == null && service_tiers == null
    : call_usd == null && (own != null || discount_percent != null || service_tiers != null)
const isOne = ({ rates: own, discount_percent }: Given) => own == null || discount_percent == null

export const PriceCreate = z
  .strictObject({
    provider: name.optional().meta({ description: 'As events name it; left out for every provider' }),
    model: name
      .regex(/^[^*]+\*?$/, 'must be a model, or how models begin with one "*" at the end')
      .optional()
      .meta({ description: 'As events name it, or how models begin, like "gpt-5*"' }),
    tool: name.optional().meta({ description: 'As events name it (`tool_name`)' }),
    ...price,
    effective_from: time.optional().meta({ description: 'From now on where it is left out' }),
    effective_to: time.nullish().meta({ description: 'Not included; open where it is left out' }),
    note: note.default(''),
  })
  .refine(isFor, { message: 'name either a model or a tool', path: ['model'] })
  .refine(({ provider, tool }) => provider === undefined || tool === undefined, {
    message: 'a tool has no provider',
    path: ['provider'],
  })
  .refine(isWhole, {
    message: 'a tool has call_usd alone; a model has rates, discount_percent or service_tiers',
    path: ['rates'],
  })
  .refine(isOne, { message: 'give either rates or a discount', path: ['discount_percent'] })
export type PriceCreate = z.infer<typeof PriceCreate>

/** Whose price it is stays: another model is another price. A part that is null is taken out. */
export const PriceUpdate = z.strictObject({
  version: z.number().int().meta({ description: 'The one that you have read' }),
  rates: price.rates.nullable(),
  discount_percent: price.discount_percent.nullable(),
  call_usd: price.call_usd,
  service_tiers: price.service_tiers.nullable(),
  effective_from: time.optional().meta({ description: 'Only of a price that has not begun' }),
  effective_to: time.nullish(),
  note: note.optional(),
})
export type PriceUpdate = z.infer<typeof PriceUpdate>

/** What holds of a price before its parts are read. */
export const PriceParts = z.strictObject(price)
export type PriceParts = z.infer<typeof PriceParts>

export const isWholePrice = (given: Given): boolean => isWhole(given) && isOne(given)

export const Price = z.object({
  id: z.string(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  tool: z.string().nullable(),
  rates: z.partialRecord(z.enum(RATE_NAMES), z.string()).nullable(),
  discount_percent: z.string().nullable(),
  call_usd: z.string().nullable(),
  service_tiers: z.record(z.string(), z.string()).nullable(),
  effective_from: z.string(),
  effective_to: z.string().nullable(),
  state: z.enum(['planned', 'active', 'ended']),
  note: z.string(),
  created_by_name: z.string().nullable().meta({ description: 'Null for a key, and for who has left' }),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number().int(),
  price_version: z.string().meta({ description: 'How ledger entries name it' }),
})
export type Price = z.infer<typeof Price>

const Tier = z.object({ above_tokens: z.number().int(), usd: z.string() })

/** Which rates price a call of a model at a moment. */
export const PriceFound = z.object({
  provider: z.string(),
  model: z.string(),
  at: z.string(),
  found: z.boolean().meta({ description: 'False: such calls are unpriced' }),
  price_version: z.string().nullable(),
  override_id: z.string().nullable().meta({ description: 'The organization’s own price, where one holds' }),
  rates: z.partialRecord(
    z.enum(RATE_NAMES),
    z.object({ usd: z.string(), tiers: z.array(Tier).meta({ description: 'Above so many tokens of input' }) }),
  ),
  request_usd: z.string().nullable().meta({ description: 'For each request, beside its tokens' }),
  paid_percent: z.string().meta({ description: 'What of these rates is paid: less than 100 with a discount' }),
  service_tiers: z.record(z.string(), z.string()).meta({ description: 'In percent of the standard price' }),
  catalogue: z.object({
    name: z.string().meta({ description: 'The snapshot that is in use' }),
    in_use_since: z.string().nullable().meta({ description: 'Null for the one that came with the product' }),
    source: z.string(),
  }),
})
export type PriceFound = z.infer<typeof PriceFound>
