import { fail, redirect } from '@sveltejs/kit'
import { KeyCreated, OrgCreate, OrgCreated } from '../../../../workers/contract/api.ts'
import { api, ApiError, projectPath } from '$lib/api.ts'
import { keepFirstKey } from '$lib/server/first-key.ts'
import { signInHref } from '$lib/session.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals, url }) => {
  if (locals.me === null) redirect(303, signInHref(url))
  return { user: locals.me.user, orgs: locals.me.orgs }
}

export const actions: Actions = {
  /** Organization, workspace and project, and a first key that the welcome page shows once. */
  default: async ({ request, fetch, cookies, locals, url }) => {
    if (locals.me === null) redirect(303, signInHref(url))
    const form = await request.formData()
    const given = { name: String(form.get('name') ?? '').trim(), region: String(form.get('region') ?? '') }
    const input = OrgCreate.safeParse(given)
    if (!input.success) {
      const isName = input.error.issues.some(({ path }) => path[0] === 'name')
      return fail(422, { ...given, nameError: isName ? 'Give it a name of 1 to 80 characters.' : undefined, error: isName ? null : 'Choose a region.', requestId: null })
    }
    const client = api(fetch)
    let org: OrgCreated
    try {
      org = await client.post('/api/v1/orgs', OrgCreated, input.data)
      const { key } = await client.post(projectPath(org.default_project_id, 'keys'), KeyCreated, { name: 'First key', scopes: ['ingest', 'read'] })
      keepFirstKey(cookies, org.slug, key, url.protocol === 'https:')
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return fail(error.status, { ...given, nameError: error.field('name'), error: error.problem.detail, requestId: error.requestId })
    }
    redirect(303, `/${org.slug}/welcome?project=${encodeURIComponent(org.default_project_id)}`)
  },
}
