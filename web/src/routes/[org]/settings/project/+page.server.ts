import { fail, redirect } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { deletion } from '$lib/deletion.ts'
import { field, refusal } from '$lib/server/action.ts'
import { projectSettings, ProjectUpdate } from '$lib/tenancy.ts'
import type { Actions } from './$types'

export const actions: Actions = {
  delete: async ({ request, fetch, params }) => {
    const form = await request.formData()
    if (field(form, 'confirm') !== field(form, 'slug'))
      return fail(422, { deleteError: `Type ${field(form, 'slug')} to confirm.` })
    try {
      await deletion(api(fetch)).project(field(form, 'project_id'))
    } catch (error) {
      return refusal(error)
    }
    redirect(303, `/${params.org}/settings/organization?deleted=project`)
  },
  rename: async ({ request, fetch }) => {
    const form = await request.formData()
    const input = ProjectUpdate.safeParse({ name: field(form, 'name') })
    if (!input.success) return fail(422, { nameError: 'Give it a name of 1 to 80 characters.' })
    try {
      await projectSettings(api(fetch), field(form, 'project_id')).update(input.data)
      return { done: 'The project is renamed.' }
    } catch (error) {
      return refusal(error)
    }
  },
  content: async ({ request, fetch }) => {
    const form = await request.formData()
    const keep = field(form, 'keep_content') === 'yes'
    try {
      await projectSettings(api(fetch), field(form, 'project_id')).update({ keep_content: keep })
      return { done: keep ? 'Content of new events is kept.' : 'Content of new events is no longer kept.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
