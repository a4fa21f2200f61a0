import { fail, redirect } from '@sveltejs/kit'
import { api, ApiError } from '$lib/api.ts'
import { failPage } from '$lib/page-error.ts'
import { field, refusal } from '$lib/server/action.ts'
import { keepFirstKey } from '$lib/server/first-key.ts'
import { organization, ProjectCreate, projectSettings } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url }) => {
  const { org } = await parent()
  return {
    workspaces: await organization(api(fetch), org.id)
      .workspaces()
      .catch((error: unknown) => failPage(error, url)),
  }
}

export const actions: Actions = {
  /** A project with a first key, which its Connect page shows once. */
  default: async ({ request, fetch, params, cookies, url }) => {
    const form = await request.formData()
    const given = { name: field(form, 'name'), workspace_id: field(form, 'workspace_id') || undefined }
    const input = ProjectCreate.safeParse(given)
    if (!input.success) return fail(422, { nameError: 'Give it a name of 1 to 80 characters.', given })
    const client = api(fetch)
    const project = await organization(client, params.org)
      .createProject(input.data)
      .catch((error: unknown) => (error instanceof ApiError ? error : Promise.reject(error)))
    if (project instanceof ApiError) return refusal(project)
    try {
      const { key } = await projectSettings(client, project.id).createKey({
        name: 'First key',
        scopes: ['ingest', 'read'],
      })
      keepFirstKey(cookies, params.org, project.id, key, url.protocol === 'https:')
    } catch (error) {
      // The project exists: without its key, the Connect page offers to create one.
      if (!(error instanceof ApiError)) throw error
    }
    redirect(303, `/${params.org}/connect?project=${encodeURIComponent(project.id)}`)
  },
}
