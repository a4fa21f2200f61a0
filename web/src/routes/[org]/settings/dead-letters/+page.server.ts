import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { projectSettings } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url, depends }) => {
  depends('agentops:dead-letters')
  const { project } = await parent()
  const cursor = url.searchParams.get('cursor')
  return {
    nowMs: Date.now(),
    cursor,
    letters: await settle(projectSettings(api(fetch), project.id).deadLetters(cursor)),
  }
}

export const actions: Actions = {
  replay: async ({ request, fetch }) => {
    const form = await request.formData()
    try {
      const { batch_id } = await projectSettings(api(fetch), field(form, 'project_id')).replay(field(form, 'batch_id'))
      return { replayed: batch_id }
    } catch (error) {
      return refusal(error)
    }
  },
}
