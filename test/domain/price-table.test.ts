import { describe, expect, it } from 'vitest'
import { bundledBook } from '../../workers/adapters/prices/bundled.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { priceOf } from '../../workers/domain/ledger.ts'
import { nanoFromUsd } from '../../workers/domain/money.ts'

/**
 * The calls are of this day. The sources are those to which the catalogue's package and the tables beside it lead; Anthropic's
 * prices and Google's and OpenAI's tiers were compared with the published text then, the rest is the catalogue's word.
 */
const ON = Date.UTC(2026, 10, 28, 12)
const ANTHROPIC = 'https://platform.claude.com/docs/en/about-claude/pricing'
const ANTHROPIC_BATCH = 'https://platform.claude.com/docs/en/build-with-claude/batch-processing'
const OPENAI = 'https://developers.openai.com/api/docs/pricing'
const PRIORITY = 'https://openai.com/api-priority-processing/'
const GOOGLE = 'https://ai.google.dev/gemini-api/docs/pricing'
const GOOGLE_TIERS = 'https://ai.google.dev/gemini-api/docs/optimization'
const GENAI_PRICES = 'https://pypi.org/project/genai-prices/0.2.1/'
const M = 1_000_000
const calls = (prompt: number, completion: number, more: Partial<CanonicalEvent> = {}) => ({
  tokens_prompt: prompt,
  tokens_completion: completion,
  ...more,
})

type Row = [what: string, provider: string, model: string, usage: Partial<CanonicalEvent>, usd: string, source: string]

/** What providers publish: prices by the million tokens, and examples of what requests come to. */
const PUBLISHED: Row[] = [
  ['in and out', 'anthropic', 'claude-opus-5', calls(M, M), '30', ANTHROPIC],
  ['a cache hit', 'anthropic', 'claude-opus-5', calls(M, 0, { tokens_cached: M }), '0.50', ANTHROPIC],
  [
    'a cache hit of another discount',
    'anthropic',
    'claude-fable-5-1',
    calls(M, 0, { tokens_cached: M }),
    '0.25',
    ANTHROPIC,
  ],
  ['5 min cache write', 'anthropic', 'claude-opus-5', calls(M, 0, { tokens_cache_write: M }), '6.25', ANTHROPIC],
  [
    '1 h cache write',
    ...(['anthropic', 'claude-opus-5', calls(M, 0, { tokens_cache_write: M, tokens_cache_write_1h: M })] as const),
    ...(['10', ANTHROPIC] as const),
  ],
  [
    'half of a cache write for an hour',
    ...(['anthropic', 'claude-opus-4-1'] as const),
    calls(M, 0, { tokens_cache_write: M, tokens_cache_write_1h: M / 2 }),
    ...(['24.375', ANTHROPIC] as const),
  ],
  ['a batch', 'anthropic', 'claude-opus-4-8', calls(M, M, { service_tier: 'batch' }), '15', ANTHROPIC_BATCH],
  [
    'a batch, an example',
    'anthropic',
    'claude-opus-5-5',
    calls(5000, 800, { service_tier: 'batch' }),
    '0.018',
    ANTHROPIC_BATCH,
  ],
  [
    'the same outside a batch',
    'anthropic',
    'claude-opus-5-5',
    calls(5000, 800, { service_tier: 'standard' }),
    '0.036',
    ANTHROPIC_BATCH,
  ],
  [
    'a batch that reads and writes caches',
    ...(['anthropic', 'claude-haiku-4-5'] as const),
    calls(3 * M, 0, { tokens_cached: M, tokens_cache_write: M, tokens_cache_write_1h: M, service_tier: 'batch' }),
    ...(['1.55', ANTHROPIC] as const),
  ],
  ['a short context', 'anthropic', 'claude-sonnet-4-5', calls(200_000, 1000), '0.615', ANTHROPIC],
  ['a long context', 'anthropic', 'claude-sonnet-4-5', calls(200_001, 1000), '1.222506', ANTHROPIC],
  [
    '1 h cache write of a Claude model elsewhere',
    ...([
      'gcp.vertex_ai',
      'claude-3-7-sonnet',
      calls(M, 0, { tokens_cache_write: M, tokens_cache_write_1h: M }),
    ] as const),
    ...(['6', 'https://platform.claude.com/docs/en/build-with-claude/prompt-caching'] as const),
  ],

  ['in, cached and out', 'openai', 'gpt-5', calls(2 * M, M, { tokens_cached: M }), '11.375', OPENAI],
  ['reasoning is output', 'openai', 'gpt-5', calls(0, M, { tokens_reasoning: 900_000 }), '10', OPENAI],
  ['a cache write', 'openai', 'gpt-5.6-sol', calls(M / 5, 0, { tokens_cache_write: M / 5 }), '1', OPENAI],
  ['a long context', 'openai', 'gpt-5.5', calls(272_000, 1000), '2.765', OPENAI],
  ['just below it', 'openai', 'gpt-5.5', calls(271_999, 1000), '1.389995', OPENAI],
  ['a batch', 'openai', 'gpt-4.1', calls(M, M, { service_tier: 'batch' }), '5', OPENAI],
  ['flex, an example', 'openai', 'o3', calls(M, M, { service_tier: 'flex' }), '5', GENAI_PRICES],
  ['flex', 'openai', 'gpt-5', calls(2 * M, M, { tokens_cached: M, service_tier: 'flex' }), '5.6875', OPENAI],
  ['priority', 'openai', 'gpt-5.5', calls(200_000, 100_000, { service_tier: 'priority' }), '10', PRIORITY],
  [
    'priority, cached',
    'openai',
    'gpt-5.4-mini',
    calls(M / 5, 0, { tokens_cached: M / 5, service_tier: 'priority' }),
    '0.03',
    PRIORITY,
  ],
  [
    'priority',
    'openai',
    'gpt-5-mini',
    calls(2 * M, M, { tokens_cached: M, service_tier: 'priority' }),
    '4.095',
    PRIORITY,
  ],
  [
    'priority',
    'openai',
    'gpt-4.1-2025-04-14',
    calls(2 * M, M, { tokens_cached: M, service_tier: 'priority' }),
    '18.375',
    PRIORITY,
  ],
  ['asked for, and not said to be got', 'openai', 'gpt-5', calls(M, 0, { service_tier: 'auto' }), '1.25', OPENAI],
  [
    'audio in and out',
    ...(['openai', 'gpt-audio', calls(2 * M, 2 * M, { tokens_prompt_audio: M, tokens_completion_audio: M })] as const),
    ...(['108.5', OPENAI] as const),
  ],
  [
    'audio from a cache',
    ...(['openai', 'gpt-realtime'] as const),
    calls(2 * M, 0, { tokens_prompt_audio: M, tokens_cached: M, tokens_cached_audio: M }),
    ...(['4.4', OPENAI] as const),
  ],
  ['an image that is read', 'openai', 'gpt-image-1', calls(2 * M, 0, { tokens_prompt_image: M }), '15', OPENAI],
  ['an image that is made', 'openai', 'gpt-image-1.5', calls(0, M, { tokens_completion_image: M }), '32', OPENAI],
  ['an embedding', 'openai', 'text-embedding-3-small', calls(M, 0), '0.02', OPENAI],

  ['a short context', 'gcp.gemini', 'gemini-2.5-pro', calls(200_000, 1000), '0.26', GOOGLE],
  ['a long context', 'gcp.gemini', 'gemini-2.5-pro', calls(200_001, 1000), '0.5150025', GOOGLE],
  ['thinking is output', 'gcp.gemini', 'gemini-2.5-flash', calls(0, M, { tokens_reasoning: M }), '2.50', GOOGLE],
  ['audio', 'gcp.gemini', 'gemini-2.5-flash', calls(2 * M, 0, { tokens_prompt_audio: M }), '1.30', GOOGLE],
  [
    'audio at the price of text',
    'gcp.gemini',
    'gemini-3.5-flash-lite',
    calls(M, 0, { tokens_prompt_audio: M }),
    '0.30',
    GOOGLE,
  ],
  [
    'an image of 1290 tokens',
    'gcp.gemini',
    'gemini-2.5-flash-image',
    calls(0, 1290, { tokens_completion_image: 1290 }),
    '0.0387',
    GOOGLE,
  ],
  [
    'a batch',
    'gcp.gemini',
    'gemini-2.5-pro',
    calls(100_000, 10_000, { service_tier: 'batch' }),
    '0.1125',
    GOOGLE_TIERS,
  ],
  ['flex', 'gcp.gemini', 'gemini-3.5-flash', calls(M, M, { service_tier: 'flex' }), '5.25', GOOGLE_TIERS],
  ['priority', 'gcp.gemini', 'gemini-3.8-flash', calls(M, M, { service_tier: 'priority' }), '8.10', GOOGLE],
  ['a promotion', 'gcp.gemini', 'gemini-3.8-flash', calls(M, M), '4.50', GOOGLE],

  [
    'a fee for each request',
    'perplexity',
    'sonar',
    calls(1000, 1000),
    '0.014',
    'https://docs.perplexity.ai/docs/getting-started/pricing',
  ],
  [
    'reasoning apart',
    'perplexity',
    'sonar-deep-research',
    calls(0, 2 * M, { tokens_reasoning: M }),
    '11',
    'https://docs.perplexity.ai/docs/getting-started/pricing',
  ],
]

/** What the catalogue cannot price: said to be unpriced, never nothing and never something else's price. */
const UNKNOWN: [what: string, provider: string, model: string, usage: Partial<CanonicalEvent>][] = [
  ['a model that nobody knows', 'openai', 'acme-in-house-7b', calls(M, M)],
  ['capacity that was bought ahead', 'anthropic', 'claude-opus-5', calls(M, M, { service_tier: 'priority' })],
  ['a tier that has no price for this model', 'openai', 'gpt-3.5-turbo', calls(M, M, { service_tier: 'priority' })],
  ['a tier that nobody knows', 'openai', 'gpt-5', calls(M, M, { service_tier: 'ultrafast' })],
  ['audio of a model without its price', 'openai', 'gpt-4o-audio-preview', calls(M, M, { tokens_prompt_audio: M })],
  [
    'a cache of an hour that has no price',
    'openai',
    'gpt-5',
    calls(M, 0, { tokens_cache_write: M, tokens_cache_write_1h: M }),
  ],
  [
    'a cache in a batch of Gemini',
    'gcp.gemini',
    'gemini-2.5-pro',
    calls(M, 0, { tokens_cached: 1000, service_tier: 'batch' }),
  ],
  ['an answer of a model that only reads', 'openai', 'text-embedding-3-small', calls(M, 5)],
]

const priced = (provider: string, model: string, usage: Partial<CanonicalEvent>) =>
  priceOf(
    { event_type: 'agent.step.completed', timestamp: ON, trace_id: 't', span_id: 's', provider, model, ...usage },
    bundledBook,
  )

describe('prices that providers publish', () => {
  it.each(PUBLISHED)('%s: %s %s', (_, provider, model, usage, usd, source) => {
    expect(priced(provider, model, usage), source).toMatchObject({
      cost_nanousd: nanoFromUsd(usd),
      cost_source: 'computed',
    })
  })

  it.each(UNKNOWN)('%s is unpriced: %s %s', (_, provider, model, usage) => {
    expect(priced(provider, model, usage)).toEqual({ cost_nanousd: 0, cost_source: 'unpriced', price_version: '' })
  })

  it('takes cached tokens to be text as far as there is text', () => {
    const both = { tokens_prompt_audio: 600_000, tokens_cached: 500_000 }
    // 400,000 of text from the cache, 100,000 of audio from it, 500,000 of audio that is new.
    expect(priced('openai', 'gpt-realtime', calls(M, 0, both))?.cost_nanousd).toBe(nanoFromUsd('16.2'))
  })
})
