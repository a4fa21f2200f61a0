import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { MoveCreate, moving } from '$lib/move.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch }) => {
  const { org } = await parent()
  return { move: await settle(moving(api(fetch), org.id).newest()) }
}

export const actions: Actions = {
  move: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const input = MoveCreate.safeParse({ region: field(form, 'region') })
    if (!input.success) return fail(422, { refusal: { detail: 'Choose a region.', request_id: '' } })
    if (field(form, 'confirmation') !== params.org)
      return fail(422, { refusal: { detail: `Type ${params.org} to confirm.`, request_id: '' } })
    try {
      await moving(api(fetch), params.org).start(input.data)
      return { done: true }
    } catch (error) {
      return refusal(error)
    }
  },
  cancel: async ({ fetch, params }) => {
    try {
      await moving(api(fetch), params.org).cancel()
      return { done: true }
    } catch (error) {
      return refusal(error)
    }
  },
}
