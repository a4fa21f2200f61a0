import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { Price, PriceCreate, PriceFound, PriceUpdate } from '../../contract/price.ts'
import { findPrice } from '../../services/price/catalogue.ts'
import { createPrice, endPrice, listPrices, updatePrice } from '../../services/price/prices.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const PriceParam = OrgParam.extend({ price: z.string().min(1).max(100) })
const tag = 'Prices'

/** An organization's own prices, and which rates price a call. */
export function priceRoutes(app: App): void {
  readingRoutes(app)
  writingRoutes(app)
}

function readingRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/prices',
    tag,
    summary: 'The organization’s own prices, newest first, with those that have ended',
    permission: 'price.read',
    params: OrgParam,
    answer: Page(Price),
    handle: async ({ who, deps }) => ({ data: await listPrices(deps.pricing, tenantOf(who)), next_cursor: null }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/prices/catalogue',
    tag,
    summary: 'Which rates price a call of a model at a moment, and whose they are',
    permission: 'price.read',
    params: OrgParam,
    query: z.object({
      model: z.string().min(1).max(200),
      provider: z.string().max(200).default(''),
      at: z.iso.datetime({ offset: true }).optional(),
    }),
    answer: PriceFound,
    handle: ({ who, deps, query: { provider, model, at } }) =>
      findPrice(deps.pricing, tenantOf(who), {
        provider,
        model,
        atMs: at === undefined ? deps.now() : Date.parse(at),
      }),
  })
}

function writingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/prices',
    tag,
    summary: 'Price a model by an agreed rate or discount, or each call of a tool',
    permission: 'price.write',
    action: 'price.create',
    params: OrgParam,
    body: PriceCreate,
    status: 201,
    answer: Price,
    async handle({ who, deps, body, changed }) {
      const made = await createPrice(deps.pricing, tenantOf(who), body, who.actor.id)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/prices/{price}',
    tag,
    summary: 'Change a price from now on; what it has priced stays',
    permission: 'price.write',
    action: 'price.update',
    params: PriceParam,
    body: PriceUpdate,
    answer: Price,
    async handle({ who, deps, params, body, changed }) {
      const { before, after } = await updatePrice(deps.pricing, tenantOf(who), params.price, body)
      changed({ target: targetOf(after), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/prices/{price}',
    tag,
    summary: 'End a price now, or remove one that has not begun',
    permission: 'price.write',
    action: 'price.end',
    params: PriceParam,
    answer: Price,
    async handle({ who, deps, params, changed }) {
      const { before, after } = await endPrice(deps.pricing, tenantOf(who), params.price)
      changed({ target: targetOf(after), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
}

const targetOf = ({ id, provider, model, tool }: Price) => ({
  type: 'price',
  id,
  label: tool ?? (provider === null ? (model ?? '') : `${provider}/${model}`),
})

function factsOf({ provider, model, tool, rates, discount_percent, call_usd, service_tiers, ...price }: Price) {
  const { effective_from, effective_to, version } = price
  const of = tool === null ? { provider, model } : { tool }
  return { ...of, rates, discount_percent, call_usd, service_tiers, effective_from, effective_to, version }
}
