import { Page } from '../../../workers/contract/api.ts'
import { ModelUses, type ModelUse } from '../../../workers/contract/model-uses.ts'
import { Price, PriceCreate, PriceUpdate } from '../../../workers/contract/price.ts'
import { Repricing, RepricingCreate } from '../../../workers/contract/repricing.ts'
import { orgPath, type Api } from './api.ts'

export { PriceCreate, PriceUpdate, RepricingCreate }
export type { ModelUse, ModelUses, Price, Repricing }
const Prices = Page(Price)
const Repricings = Page(Repricing)

/** What the settings ask about prices. */
export function pricesOf(api: Api, org: string) {
  return {
    models(range: { from_ms: number; to_ms: number }): Promise<ModelUses> {
      const query = new URLSearchParams({
        from: new Date(range.from_ms).toISOString(),
        to: new Date(range.to_ms).toISOString(),
      })
      return api.get(`${orgPath(org, 'models')}?${query}`, ModelUses)
    },
    own: async () => (await api.get(orgPath(org, 'prices'), Prices)).data,
    add: (input: PriceCreate) => api.post(orgPath(org, 'prices'), Price, input),
    change: (id: string, input: PriceUpdate) => api.patch(orgPath(org, 'prices', id), Price, input),
    end: (id: string) => api.delete(orgPath(org, 'prices', id), Price),
    repricings: async () => (await api.get(orgPath(org, 'repricings'), Repricings)).data,
    reprice: (input: RepricingCreate) => api.post(orgPath(org, 'repricings'), Repricing, input),
    cancel: (id: string) => api.post(orgPath(org, 'repricings', id, 'cancel'), Repricing),
  }
}
