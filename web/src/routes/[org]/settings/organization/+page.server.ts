import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { organization, NameInput } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch }) => {
  const { org } = await parent()
  return { workspaces: await settle(organization(api(fetch), org.id).workspaces()) }
}

const NAME = 'Give a name, in 1 to 80 characters.'

export const actions: Actions = {
  rename: async ({ request, fetch, params }) => {
    const input = NameInput.safeParse({ name: field(await request.formData(), 'name') })
    if (!input.success) return fail(422, { nameError: NAME })
    try {
      const { name } = await organization(api(fetch), params.org).rename(input.data.name)
      return { done: `The organization is called ${name} now.` }
    } catch (error) {
      return refusal(error)
    }
  },
  workspace: async ({ request, fetch, params }) => {
    const input = NameInput.safeParse({ name: field(await request.formData(), 'name') })
    if (!input.success) return fail(422, { workspaceError: NAME })
    try {
      const { name } = await organization(api(fetch), params.org).createWorkspace(input.data.name)
      return { done: `The workspace ${name} is there.` }
    } catch (error) {
      return refusal(error)
    }
  },
}
