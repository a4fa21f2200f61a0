import { fail, redirect } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { deletion } from '$lib/deletion.ts'
import { roleMay } from '$lib/features/settings/roles.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { organization, NameInput } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url }) => {
  const { org } = await parent()
  const [workspaces, deleted] = await Promise.all([
    settle(organization(api(fetch), org.id).workspaces()),
    roleMay(org.role, 'project.delete') ? settle(deletion(api(fetch)).projects(org.id)) : null,
  ])
  return { workspaces, deleted, nowMs: Date.now(), justDeleted: url.searchParams.get('deleted') === 'project' }
}

const NAME = 'Give a name, in 1 to 80 characters.'

export const actions: Actions = {
  restore: async ({ request, fetch, params }) => {
    try {
      const { name } = await deletion(api(fetch)).restoreProject(params.org, field(await request.formData(), 'id'))
      return { done: `${name} is back, and its keys work again.` }
    } catch (error) {
      return refusal(error)
    }
  },
  delete: async ({ request, fetch, params }) => {
    const confirm = field(await request.formData(), 'confirm')
    if (confirm !== params.org) return fail(422, { deleteError: `Type ${params.org} to confirm.` })
    try {
      await deletion(api(fetch)).org(params.org, confirm)
    } catch (error) {
      return refusal(error)
    }
    redirect(303, '/deleted')
  },
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
