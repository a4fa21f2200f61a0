import { api } from '$lib/api.ts'
import { exportsOf } from '$lib/exports.ts'
import { roleMay } from '$lib/features/settings/roles.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch }) => {
  const { org } = await parent()
  return { exports: roleMay(org.role, 'export.write') ? await settle(exportsOf(api(fetch), org.id).list()) : null }
}

export const actions: Actions = {
  start: async ({ fetch, params }) => {
    try {
      await exportsOf(api(fetch), params.org).start()
      return { done: 'The export has begun.' }
    } catch (error) {
      return refusal(error)
    }
  },
  cancel: async ({ request, fetch, params }) => {
    try {
      await exportsOf(api(fetch), params.org).cancel(field(await request.formData(), 'id'))
      return { done: 'The export is cancelled.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
