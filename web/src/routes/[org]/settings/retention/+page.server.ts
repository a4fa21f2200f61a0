import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { KEPT, retention, RetentionDays, shortened } from '$lib/retention.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch }) => {
  const { project } = await parent()
  return { kept: await settle(retention(api(fetch), project.id).read()), nowMs: Date.now() }
}

export const actions: Actions = {
  /** Asks first when something would go. */
  save: async ({ request, fetch }) => {
    const form = await request.formData()
    const daysOf = (name: string) => (field(form, name) === '' ? null : Number(field(form, name)))
    const input = RetentionDays.safeParse(Object.fromEntries(KEPT.map(({ name }) => [name, daysOf(name)])))
    if (!input.success)
      return fail(422, { refusal: { detail: 'Choose for each how long it is kept.', request_id: '' } })
    const of = retention(api(fetch), field(form, 'project_id'))
    try {
      const goes = shortened(await of.read(), input.data)
      if (goes.length > 0 && field(form, 'confirmed') !== 'yes') return { asked: { days: input.data, goes } }
      await of.set(input.data)
      return { done: goes.length > 0 ? 'Saved. What is older is removed within a day.' : 'Saved.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
