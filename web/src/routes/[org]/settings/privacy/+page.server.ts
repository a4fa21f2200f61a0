import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { ErasureCreate, erasures } from '$lib/erasures.ts'
import { roleMay } from '$lib/features/settings/roles.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url }) => {
  const { org } = await parent()
  const list = roleMay(org.role, 'erasure.read') ? await settle(erasures(api(fetch), org.id).list()) : null
  return { list, asked: url.searchParams.get('erase')?.trim() || null, nowMs: Date.now() }
}

export const actions: Actions = {
  erase: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const input = ErasureCreate.safeParse({ user_id: field(form, 'user_id') })
    if (!input.success)
      return fail(422, { refusal: { detail: 'This is no user id of an agent’s events.', request_id: '' } })
    if (field(form, 'confirmation') !== input.data.user_id)
      return fail(422, { confirmError: 'Type the same user id once more, to the letter.' })
    try {
      const { id, proof } = await erasures(api(fetch), params.org).start(input.data.user_id)
      return { started: { id, proof } }
    } catch (error) {
      return refusal(error)
    }
  },
}
