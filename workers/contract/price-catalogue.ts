import * as z from 'zod'

/** The published catalogue, as far as it is used; what else it holds is left out (genai-prices, data version 2). */

/** What a price of a model may be of; other names are not read. */
export const PRICED_NAMES = [
  'input_mtok',
  'output_mtok',
  'output_reasoning_mtok',
  'cache_read_mtok',
  'cache_write_mtok',
  'cache_write_5m_mtok',
  'cache_write_1h_mtok',
  'input_audio_mtok',
  'cache_audio_read_mtok',
  'output_audio_mtok',
  'input_image_mtok',
  'cache_image_read_mtok',
  'output_image_mtok',
  'requests_kcount',
] as const
export type PricedName = (typeof PRICED_NAMES)[number]

const REGEX_CHARS_MAX = 500
const NAME_CHARS_MAX = 300
const DEPTH_MAX = 8

const amount = z.number().min(0).max(1_000_000)
const Amount = z.union([
  amount,
  z.object({
    base: amount,
    tiers: z.array(z.object({ start: z.number().int().min(0), price: amount })).max(10),
  }),
])
/** US dollars per million tokens, flat or by the length of the request; per thousand requests for these. */
export type Amount = z.infer<typeof Amount>

const known = (prices: Record<string, unknown>) =>
  Object.fromEntries(PRICED_NAMES.flatMap((name) => (prices[name] == null ? [] : [[name, prices[name]]])))
const ModelPrices = z
  .record(z.string(), z.unknown())
  .transform(known)
  .pipe(z.partialRecord(z.enum(PRICED_NAMES), Amount))
export type ModelPrices = z.infer<typeof ModelPrices>

const Constraint = z.union([
  z.object({ start_date: z.iso.date() }),
  z.object({ start_time: z.string().max(40), end_time: z.string().max(40) }),
])
const Conditional = z.object({ constraint: Constraint.nullish(), prices: ModelPrices })
export type Conditional = z.infer<typeof Conditional>

const pattern = z.string().max(NAME_CHARS_MAX)
const isRegex = (text: string) => {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

export type Match =
  | { equals: string }
  | { starts_with: string }
  | { ends_with: string }
  | { contains: string }
  | { regex: string }
  | { or: Match[] }
  | { and: Match[] }
const matchOf = (depth: number): z.ZodType<Match> =>
  z.union([
    z.object({ equals: pattern }),
    z.object({ starts_with: pattern }),
    z.object({ ends_with: pattern }),
    z.object({ contains: pattern }),
    z.object({ regex: z.string().max(REGEX_CHARS_MAX).refine(isRegex, 'must be a regular expression') }),
    ...(depth === 0
      ? []
      : [z.object({ or: z.array(matchOf(depth - 1)) }), z.object({ and: z.array(matchOf(depth - 1)) })]),
  ])
const Match = matchOf(DEPTH_MAX)

export const CatalogueProvider = z.object({
  id: z.string().min(1).max(NAME_CHARS_MAX),
  provider_match: Match.nullish(),
  model_match: Match.nullish(),
  fallback_model_providers: z.array(z.string()).nullish(),
  models: z.array(
    z.object({
      id: z.string().min(1).max(NAME_CHARS_MAX),
      match: Match,
      prices: z.union([z.array(Conditional).min(1), ModelPrices]),
    }),
  ),
})
export type CatalogueProvider = z.infer<typeof CatalogueProvider>

export const CatalogueData = z.array(CatalogueProvider).min(1)
export type CatalogueData = z.infer<typeof CatalogueData>
