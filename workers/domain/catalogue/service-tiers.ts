import type { Service } from '../price.ts'

/**
 * What providers publish of their service tiers and the catalogue does not hold, each row with where and when it was
 * read. The first row that fits is taken; a tier in no row has no price, and an event that was served in it is unpriced.
 * Anthropic's Priority Tier is one: it is bought ahead, at a price that each contract names.
 */
interface Row {
  provider: string
  tier: string
  /** Of the catalogue; left out: all models of the provider. */
  models?: RegExp
  /** Of the standard price, exact. */
  times: bigint
  per: bigint
  cached?: false
  source: string
  /** The day on which the source was read. */
  read: string
}

const ANTHROPIC_BATCH = 'https://platform.claude.com/docs/en/about-claude/pricing'
const OPENAI = 'https://developers.openai.com/api/docs/pricing'
const OPENAI_PRIORITY = 'https://openai.com/api-priority-processing/'
const GOOGLE = 'https://ai.google.dev/gemini-api/docs/optimization'
const GOOGLE_PRICES = 'https://ai.google.dev/gemini-api/docs/pricing'
const READ = '2026-11-28'

const half = { times: 1n, per: 2n, read: READ }

export const SERVICE_ROWS: readonly Row[] = [
  // Half of everything, also of what is written to caches and read from them.
  { provider: 'anthropic', tier: 'batch', ...half, source: ANTHROPIC_BATCH },
  { provider: 'openai', tier: 'batch', ...half, source: OPENAI },
  {
    provider: 'openai',
    tier: 'flex',
    models: /^(o3|o4-mini|gpt-5(\.\d+)?(-(mini|nano|pro|sol|terra|luna))?)$/,
    ...half,
    source: OPENAI,
  },
  ...(
    [
      [/^gpt-5\.5$/, 5n, 2n],
      [/^gpt-5(\.[124])?$/, 2n, 1n],
      [/^gpt-5\.4-mini$/, 2n, 1n],
      [/^gpt-5(\.1)?-codex$/, 2n, 1n],
      [/^gpt-5-mini$/, 9n, 5n],
      [/^gpt-4\.1$/, 7n, 4n],
    ] as const
  ).map(([models, times, per]) => ({
    ...{ provider: 'openai', tier: 'priority', models, times, per },
    ...{ source: OPENAI_PRIORITY, read: READ },
  })),
  { provider: 'google', tier: 'batch', models: /^gemini-/, ...half, cached: false, source: GOOGLE },
  { provider: 'google', tier: 'flex', models: /^gemini-3/, ...half, cached: false, source: GOOGLE },
  {
    ...{ provider: 'google', tier: 'priority', models: /^gemini-3\.[78]-flash$/, times: 9n, per: 5n },
    ...{ cached: false, source: GOOGLE_PRICES, read: READ },
  },
]

/** The tiers of a model that have a price, by the catalogue's names. */
export function serviceTiers(provider: string, model: string): Record<string, Service> {
  const found: Record<string, Service> = {}
  for (const { tier, models, times, per, cached, ...row } of SERVICE_ROWS) {
    if (row.provider !== provider || models?.test(model) === false || Object.hasOwn(found, tier)) continue
    found[tier] = { times, per, ...(cached === false && { cached }) }
  }
  return found
}
