import { fail } from '@sveltejs/kit'
import { api, ApiError } from '$lib/api.ts'
import { parseRange } from '$lib/features/filters/range.ts'
import { ownChangeFrom, ownPriceFrom } from '$lib/features/prices/own.ts'
import { bookable, bookingOf, repricingFrom } from '$lib/features/prices/repricing.ts'
import { roleMay } from '$lib/features/settings/roles.ts'
import { settle } from '$lib/loaded.ts'
import { pricesOf } from '$lib/prices.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url }) => {
  const { org, zone } = await parent()
  const range = parseRange(url.searchParams, Date.now(), zone, '30d')
  const of = pricesOf(api(fetch), org.id)
  const mayRead = roleMay(org.role, 'repricing.read')
  return {
    range,
    models: settle(of.models(range)),
    own: await settle(of.own()),
    repricings: mayRead ? await settle(of.repricings()) : null,
    nowMs: Date.now(),
  }
}

export const actions: Actions = {
  addPrice: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const price = ownPriceFrom(form, field(form, 'zone') || 'UTC')
    if ('problem' in price) return fail(422, { wrongPrice: price.problem })
    try {
      await pricesOf(api(fetch), params.org).add(price.input)
      return { done: 'The price is added. Reprice for calls that came before.' }
    } catch (error) {
      return refusedPrice(error)
    }
  },
  changePrice: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const change = ownChangeFrom(form, field(form, 'zone') || 'UTC')
    if ('problem' in change) return fail(422, { wrongPrice: change.problem })
    try {
      await pricesOf(api(fetch), params.org).change(field(form, 'id'), change.input)
      return { done: 'The price is changed for calls from now on.' }
    } catch (error) {
      return refusedPrice(error)
    }
  },
  endPrice: async ({ request, fetch, params }) => {
    try {
      await pricesOf(api(fetch), params.org).end(field(await request.formData(), 'id'))
      return { done: 'The price has ended: the list prices calls from now on.' }
    } catch (error) {
      return refusal(error)
    }
  },
  preview: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const asked = repricingFrom(form, field(form, 'zone') || 'UTC')
    if ('problem' in asked) return fail(422, { wrong: asked.problem })
    try {
      await pricesOf(api(fetch), params.org).reprice(asked.input)
      return { done: 'The preview has begun: nothing is booked before you say so.' }
    } catch (error) {
      return refusal(error)
    }
  },
  book: async ({ request, fetch, params }) => {
    const of = pricesOf(api(fetch), params.org)
    try {
      const id = field(await request.formData(), 'id')
      const preview = bookable(await of.repricings())
      if (preview === null || preview.id !== id)
        return fail(422, {
          refusal: { detail: 'This preview is not the newest any more: make another.', request_id: '' },
        })
      await of.reprice(bookingOf(preview))
      return { done: 'The difference is being booked.' }
    } catch (error) {
      return refusal(error)
    }
  },
  cancel: async ({ request, fetch, params }) => {
    try {
      await pricesOf(api(fetch), params.org).cancel(field(await request.formData(), 'id'))
      return { done: 'The repricing is cancelled. What was booked stays.' }
    } catch (error) {
      return refusal(error)
    }
  },
}

/** What the API says of a price is said where it is written. */
function refusedPrice(error: unknown) {
  if (error instanceof ApiError && error.status < 500) return fail(error.status, { wrongPrice: error.problem.detail })
  return refusal(error)
}
