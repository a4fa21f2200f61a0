import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normaliseTokens, type ReportedTokens, type TokenConvention } from '../../workers/domain/tokens.ts'

/** The same provider answers, as different emitters report them: OpenAI 450 of which 128 cached, Anthropic 233 + 128 + 64. */
const TABLE: [
  name: string,
  reported: ReportedTokens,
  convention: TokenConvention,
  prompt: number,
  completion: number,
][] = [
  ['GenAI conventions, OpenAI', { prompt: 450, completion: 39, cached: 128 }, { cache: 'auto' }, 450, 39],
  [
    'GenAI conventions, Anthropic',
    { prompt: 425, completion: 39, cached: 128, cacheWrite: 64 },
    { cache: 'auto' },
    425,
    39,
  ],
  [
    'Anthropic raw usage',
    { prompt: 233, completion: 39, cached: 128, cacheWrite: 64 },
    { cache: 'exclusive' },
    425,
    39,
  ],
  [
    'exclusive, told by the total',
    { prompt: 322, completion: 39, cached: 128, total: 489 },
    { cache: 'auto' },
    450,
    39,
  ],
  [
    'inclusive, told by the total',
    { prompt: 450, completion: 39, cached: 128, total: 489 },
    { cache: 'auto' },
    450,
    39,
  ],
  ['a part larger than the whole', { prompt: 20, completion: 39, cached: 128 }, { cache: 'inclusive' }, 148, 39],
  [
    'Gemini thoughts outside of the output',
    { prompt: 450, completion: 39, cached: 128, reasoning: 20 },
    { cache: 'inclusive', reasoningApart: true },
    450,
    59,
  ],
  ['OpenAI reasoning inside of the output', { prompt: 450, completion: 39, reasoning: 20 }, { cache: 'auto' }, 450, 39],
  ['only a total', { total: 100, completion: 30 }, { cache: 'auto' }, 70, 30],
  ['nothing', {}, { cache: 'auto' }, 0, 0],
]

describe('normaliseTokens', () => {
  it.each(TABLE)('%s', (_, reported, convention, prompt, completion) => {
    expect(normaliseTokens(reported, convention)).toMatchObject({ prompt, completion, total: prompt + completion })
  })

  it('always gives disjoint parts within their wholes', () => {
    const n = fc.option(fc.nat(10_000), { nil: undefined })
    const reported = fc.record({ prompt: n, completion: n, total: n, cached: n, cacheWrite: n, reasoning: n })
    const convention = fc.record({
      cache: fc.constantFrom('inclusive' as const, 'exclusive' as const, 'auto' as const),
      reasoningApart: fc.boolean(),
    })
    fc.assert(
      fc.property(reported, convention, (r, c) => {
        const t = normaliseTokens(r, c)
        expect(t.prompt).toBeGreaterThanOrEqual(t.cached + t.cacheWrite)
        expect(t.completion).toBeGreaterThanOrEqual(t.reasoning)
        expect(t.total).toBe(t.prompt + t.completion)
      }),
    )
  })

  it('changes nothing when it is applied to its own result', () => {
    const n = fc.nat(10_000)
    fc.assert(
      fc.property(fc.record({ prompt: n, completion: n, cached: n, cacheWrite: n, reasoning: n }), (r) => {
        const once = normaliseTokens(r, { cache: 'exclusive' })
        expect(normaliseTokens(once, { cache: 'auto' })).toEqual(once)
      }),
    )
  })
})
