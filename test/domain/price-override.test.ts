import { calcPrice } from '@pydantic/genai-prices'
import { describe, expect, it } from 'vitest'
import { bundledCatalogue, bundledProviders } from '../../workers/adapters/prices/bundled.ts'
import { CatalogueData } from '../../workers/contract/price-catalogue.ts'
import type { PriceParts } from '../../workers/contract/price.ts'
import { findRow, pricesAt } from '../../workers/domain/catalogue/find.ts'
import { bookOf, type OverrideRow } from '../../workers/domain/price-override.ts'
import { costNanousd, usdPerMillion } from '../../workers/domain/price.ts'

const AT = Date.UTC(2026, 10, 28, 12)
const M = 1_000_000
const row = (id: string, more: Partial<OverrideRow>): OverrideRow => ({
  ...{ id, provider: '', model: '', tool: '', note: '', price: {}, fromMs: AT - 1000, toMs: null },
  ...{ createdBy: 'usr_1', createdMs: AT, updatedMs: AT, version: 1, ...more },
})
const model = (id: string, name: string, price: PriceParts, more: Partial<OverrideRow> = {}) =>
  row(id, { model: name, price, ...more })
const bill = (rows: OverrideRow[], provider: string, name: string, atMs = AT, service = 'default') => {
  const rates = bookOf(bundledCatalogue, rows).rates(provider, name, atMs)
  const cost = rates && costNanousd({ prompt: 2 * M, completion: M, cached: M, cacheWrite: 0, service }, rates)
  return [cost === null ? null : cost / 1e9, rates?.version.split('+')[0]]
}
const CATALOGUE = 'genai-prices/0.1.8:openai/gpt-5'

describe('an organization’s own prices', () => {
  it.each([
    ['none', [], [11.375, CATALOGUE]],
    ['of another model', [model('a', 'gpt-4o', { rates: { input: '1' } })], [11.375, CATALOGUE]],
    [
      'some rates, the rest of the catalogue',
      [model('a', 'gpt-5', { rates: { input: '1' } })],
      [11.125, 'override/a@1'],
    ],
    [
      'all rates',
      [model('a', 'gpt-5', { rates: { input: '1', cache_read: '0.1', output: '5' } })],
      [6.1, 'override/a@1'],
    ],
    ['a discount', [model('a', 'gpt-5', { discount_percent: '12.5' })], [9.953125, 'override/a@1']],
    ['a surcharge', [model('a', 'gpt-5', { discount_percent: '-10' })], [12.5125, 'override/a@1']],
    ['a beginning', [model('a', 'gpt-*', { discount_percent: '50' })], [5.6875, 'override/a@1']],
    [
      'the longer beginning',
      [model('a', 'gpt-*', { discount_percent: '50' }), model('b', 'gpt-5*', { discount_percent: '10' })],
      [10.2375, 'override/b@1'],
    ],
    [
      'the model before its beginnings',
      [model('a', 'gpt-5*', { discount_percent: '50' }), model('b', 'gpt-5', { discount_percent: '0' })],
      [11.375, 'override/b@1'],
    ],
    [
      'a provider before any',
      [
        model('a', 'gpt-5', { discount_percent: '50' }),
        model('b', 'gpt-5', { discount_percent: '0' }, { provider: 'openai', version: 3 }),
      ],
      [11.375, 'override/b@3'],
    ],
    ['another provider', [model('a', 'gpt-5', { discount_percent: '50' }, { provider: 'azure' })], [11.375, CATALOGUE]],
    ['ended', [model('a', 'gpt-5', { discount_percent: '50' }, { toMs: AT })], [11.375, CATALOGUE]],
    ['not begun', [model('a', 'gpt-5', { discount_percent: '50' }, { fromMs: AT + 1 })], [11.375, CATALOGUE]],
    ['from this moment', [model('a', 'gpt-5', { discount_percent: '50' }, { fromMs: AT })], [5.6875, 'override/a@1']],
  ] as const)('%s', (_, rows, expected) => {
    expect(bill([...rows], 'openai', 'gpt-5')).toEqual(expected)
  })

  it('knows a provider by all its names', () => {
    const own = model('a', 'gemini-2.5-flash', { rates: { input: '1' } }, { provider: 'vertex_ai' })
    expect(bill([own], 'gcp.gemini', 'gemini-2.5-flash')[1]).toBe('override/a@1')
  })

  it('prices models that the catalogue lacks, and nothing of what they do not say', () => {
    const own = [model('a', 'acme-*', { rates: { input: '1', output: '2' } })]
    expect(bill(own, '', 'acme-7b')).toEqual([4, 'override/a@1'])
    expect(bill(own, '', 'acme-7b', AT, 'priority')).toEqual([null, 'override/a@1'])
    expect(bill([model('b', 'acme-*', { discount_percent: '5' })], '', 'acme-7b')).toEqual([null, undefined])
    expect(bill([model('c', 'acme-*', { rates: { input: '1' } })], '', 'acme-7b')).toEqual([null, 'override/c@1'])
  })

  it('keeps the tiers of the provider, and adds its own', () => {
    const own = [model('a', 'claude-opus-5', { rates: { input: '4' }, service_tiers: { priority: '150' } })]
    expect(bill(own, 'anthropic', 'claude-opus-5')).toEqual([29.5, 'override/a@1'])
    expect(bill(own, 'anthropic', 'claude-opus-5', AT, 'batch')).toEqual([14.75, 'override/a@1'])
    expect(bill(own, 'anthropic', 'claude-opus-5', AT, 'priority')).toEqual([44.25, 'override/a@1'])
  })

  it('says what a model comes to, exactly', () => {
    const rates = bookOf(bundledCatalogue, [model('a', 'gpt-5', { discount_percent: '33.3333' })]).rates(
      'openai',
      'gpt-5',
      AT,
    )
    expect(rates && usdPerMillion(rates.input.base, rates.millionths)).toBe('0.83333375')
    expect(rates?.version).toBe(`override/a@1+${CATALOGUE}`)
  })

  it('prices calls of tools, at their time', () => {
    const book = bookOf(bundledCatalogue, [row('t', { tool: 'search', price: { call_usd: '0.000000001' } })])
    expect(book.perCall('search', AT)).toEqual({ nanousd: 1, version: 'override/t@1' })
    expect(book.perCall('search', AT - 2000)).toBeNull()
    expect(book.perCall('other', AT)).toBeNull()
  })

  it('is not steady where its own prices come and go', () => {
    const book = bookOf(bundledCatalogue, [model('a', 'gpt-5', { discount_percent: '5' })])
    expect([book.shape('openai', 'gpt-5').steady, book.shape('openai', 'gpt-4o').steady]).toEqual([false, true])
  })
})

describe('the catalogue', () => {
  it('passes its own schema, and loses nothing by it', () => {
    const parsed = CatalogueData.parse(JSON.parse(JSON.stringify(bundledProviders)))
    expect(parsed.map(({ id, models }) => [id, models.length])).toEqual(
      bundledProviders.map(({ id, models }) => [id, models.length]),
    )
  })

  it('finds the row and the price that its package finds, of every model', { timeout: 60_000 }, () => {
    const usage = { input_tokens: 0, output_tokens: 0 }
    const providers = CatalogueData.parse(JSON.parse(JSON.stringify(bundledProviders)))
    const times = [Date.UTC(2025, 2, 1, 3), Date.UTC(2026, 6, 30), AT, Date.UTC(2027, 0, 1, 20)]
    const names = providers.flatMap(({ id, models }) => models.map((one) => [id, one.id] as const))
    expect(names.length).toBeGreaterThan(1000)
    const odd = ['claude-sonnet-4-5-20250929', 'GPT-4o-2024-08-06', 'gemini-2.5-pro-preview-06-05', 'nobody-knows-this']
    for (const [provider, name] of [...names, ...odd.flatMap((one) => [['', one] as const, ['azure', one] as const])]) {
      const found = findRow(providers, provider, name)
      for (const at of times) {
        const options = { ...(provider !== '' && { providerId: provider }), timestamp: new Date(at) }
        const theirs = calcPrice(usage, name, options)
        expect([provider, name, found?.model.id]).toEqual([provider, name, theirs?.model.id])
        if (found) expect(theirs?.model_price).toMatchObject(pricesAt(found.model.prices, at))
      }
    }
  })
})
