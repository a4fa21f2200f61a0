import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { bundledProviders } from '../../../workers/adapters/prices/bundled.ts'
import { fetchPublished } from '../../../workers/adapters/prices/published.ts'
import { catalogueFor, forgetCatalogue } from '../../../workers/adapters/prices/snapshots.ts'
import type { CatalogueProvider } from '../../../workers/contract/price-catalogue.ts'
import { refreshPrices } from '../../../workers/pipeline/crons/deps-prices.ts'
import type { Env } from '../../../workers/pipeline/deps.ts'
import { REFRESH_MS } from '../../../workers/services/price/refresh.ts'
import { real } from '../../support/moving.ts'

const CELL = 'us'
const NOW = Date.UTC(2026, 10, 28, 12)
const URL = 'https://prices.example/data.json'
const env = { ...real, PRICES_URL: URL } as Env
const { bucket } = cellFor(real, CELL)

/** What the address answers, and what it was asked. */
let answer: () => Response | Promise<Response>
let asked: Headers[]

beforeEach(() => {
  asked = []
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    asked.push(new Headers(init.headers))
    return answer()
  })
})
/** The cell's prices are again those of all other tests. */
afterEach(async () => {
  vi.unstubAllGlobals()
  const { objects } = await bucket.list({ prefix: 'catalogue/' })
  await bucket.delete(objects.map(({ key }) => key))
  forgetCatalogue(CELL)
})

/** The catalogue with another price of gpt-5, or changed otherwise. */
function published(change: (providers: CatalogueProvider[]) => unknown = (all) => all) {
  const providers = structuredClone(bundledProviders) as unknown as CatalogueProvider[]
  const data = change(providers) ?? providers
  return () => Response.json(data, { headers: { etag: '"1"' } })
}
const gpt5At = (input_mtok: number) => (providers: CatalogueProvider[]) => {
  const model = providers.find(({ id }) => id === 'openai')?.models.find(({ id }) => id === 'gpt-5')
  if (model === undefined) throw new Error('there is a gpt-5')
  model.prices = { input_mtok, output_mtok: 10 }
  return providers
}
async function gpt5() {
  forgetCatalogue(CELL)
  const { catalogue, snapshot } = await catalogueFor(real, CELL)
  const rates = catalogue.rates('openai', 'gpt-5', NOW)
  return { input: rates?.input.base, version: rates?.version, since: snapshot.sinceMs }
}
const BUNDLED = { input: 1_250_000n, version: 'genai-prices/0.1.8:openai/gpt-5', since: null }

describe('the published catalogue', () => {
  it('is taken into use, kept under its hash, and named by what it prices; asked for again only when it is due', async () => {
    answer = published(gpt5At(2))
    expect(await gpt5()).toEqual(BUNDLED)
    expect(await refreshPrices(env, CELL, NOW)).toEqual({ kind: 'used' })
    const used = await gpt5()
    expect(used).toMatchObject({ input: 2_000_000n, since: NOW })
    expect(used.version).toMatch(/^genai-prices\/2026-11-28\.[0-9a-f]{8}:openai\/gpt-5$/)
    expect(await refreshPrices(env, CELL, NOW + REFRESH_MS - 1)).toEqual({ kind: 'early' })
    answer = () => new Response(null, { status: 304 })
    expect(await refreshPrices(env, CELL, NOW + REFRESH_MS)).toEqual({ kind: 'same' })
    expect(asked.map((headers) => headers.get('if-none-match'))).toEqual([null, '"1"'])
    answer = published(gpt5At(3))
    expect(await refreshPrices(env, CELL, NOW + 2 * REFRESH_MS)).toEqual({ kind: 'used' })
    expect(await gpt5()).toMatchObject({ input: 3_000_000n, since: NOW + 2 * REFRESH_MS })
    // The one before stays: what was priced by it names it.
    expect((await bucket.list({ prefix: 'catalogue/' })).objects).toHaveLength(3)
  })

  it.each([
    ['empty', published(() => [])],
    ['no JSON', () => new Response('<html>')],
    ['of another shape', () => Response.json({ providers: [] })],
    ['of fewer than half of the models', published((all) => all.slice(0, 3))],
    ['a hundred times as expensive', published(gpt5At(200))],
    ['a hundredth of the price', published(gpt5At(0.0125))],
    [
      'for nothing',
      published((all) =>
        all.map((one) => ({
          ...one,
          models: one.models.map((m) => ({ ...m, prices: { input_mtok: 0, output_mtok: 0 } })),
        })),
      ),
    ],
  ])('is refused where it is %s, told once, and the last one stays', async (_, given) => {
    answer = published(gpt5At(2))
    await refreshPrices(env, CELL, NOW)
    const before = await gpt5()
    const told = vi.spyOn(console, 'error').mockImplementation(() => {})
    answer = given
    expect(await refreshPrices(env, CELL, NOW + REFRESH_MS)).toMatchObject({ kind: 'refused' })
    expect(await refreshPrices(env, CELL, NOW + 2 * REFRESH_MS)).toMatchObject({ kind: 'same' })
    expect(await gpt5()).toEqual(before)
    expect(told.mock.calls.map(([line]) => String(line))).toEqual([expect.stringContaining('prices.refused')])
    told.mockRestore()
  })

  it('leaves what there is where it cannot be reached, and where it is switched off', async () => {
    answer = () => Promise.reject(new TypeError('no network'))
    expect(await refreshPrices(env, CELL, NOW)).toMatchObject({ kind: 'failed' })
    answer = () => new Response('', { status: 500 })
    expect(await refreshPrices(env, CELL, NOW)).toEqual({ kind: 'failed', detail: 'answered 500' })
    expect(await refreshPrices(real, CELL, NOW)).toEqual({ kind: 'off' })
    expect(asked).toHaveLength(2)
    expect(await gpt5()).toEqual(BUNDLED)
  })

  it('is not read beyond its bounds', async () => {
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1_000_000)),
    })
    expect(await fetchPublished(URL, null, async () => new Response(endless))).toEqual({
      kind: 'failed',
      detail: 'is over 8000000 bytes',
    })
  })
})
