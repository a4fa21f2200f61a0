import { fail, redirect } from '@sveltejs/kit'
import { api, ApiError } from '$lib/api.ts'
import { keepFirstKey } from '$lib/server/first-key.ts'
import { signInHref } from '$lib/session.ts'
import { account, OrgCreate, projectSettings } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals, url }) => {
  if (locals.me === null) redirect(303, signInHref(url))
  return { user: locals.me.user, orgs: locals.me.orgs }
}

export const actions: Actions = {
  /** Organization, workspace and project, and a first key that the Connect page shows once. */
  default: async ({ request, fetch, cookies, locals, url }) => {
    if (locals.me === null) redirect(303, signInHref(url))
    const form = await request.formData()
    const given = { name: String(form.get('name') ?? '').trim(), region: String(form.get('region') ?? '') }
    const input = OrgCreate.safeParse(given)
    if (!input.success) {
      const isName = input.error.issues.some(({ path }) => path[0] === 'name')
      return fail(422, {
        ...given,
        nameError: isName ? 'Give it a name of 1 to 80 characters.' : undefined,
        error: isName ? null : 'Choose a region.',
        requestId: null,
      })
    }
    const client = api(fetch)
    const org = await account(client)
      .createOrg(input.data)
      .catch((error: unknown) => refused(error))
    if (org instanceof ApiError) {
      return fail(org.status, {
        ...given,
        nameError: org.field('name'),
        error: org.problem.detail,
        requestId: org.requestId,
      })
    }
    const project = org.default_project_id
    const key = await projectSettings(client, project)
      .createKey({ name: 'First key', scopes: ['ingest', 'read'] })
      .catch((error: unknown) => refused(error))
    // The organization exists: without its key, the Connect page offers to create one.
    if (!(key instanceof ApiError)) keepFirstKey(cookies, org.slug, project, key.key, url.protocol === 'https:')
    redirect(303, `/${org.slug}/connect?project=${encodeURIComponent(project)}`)
  },
}

function refused(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  throw error
}
