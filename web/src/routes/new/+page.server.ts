import { fail, redirect } from '@sveltejs/kit'
import { KeyCreated, OrgCreated } from '../../../../workers/contract/api.ts'
import { api, ApiError } from '$lib/api.ts'
import type { Actions } from './$types'

const KEY_COOKIE_SECONDS = 300

export const actions: Actions = {
  /** Organization, workspace and project, and a first key that the welcome page shows once. */
  default: async ({ request, fetch, cookies }) => {
    const form = await request.formData()
    const name = String(form.get('name') ?? '').trim()
    const region = String(form.get('region') ?? 'global')
    let org: OrgCreated
    try {
      org = await api(fetch).post('/api/v1/orgs', OrgCreated, { name, region })
      const created = await api(fetch).post(`/api/v1/projects/${org.default_project_id}/keys`, KeyCreated, { name: 'First key', scopes: ['ingest', 'read'] })
      cookies.set('first_key', created.key, { path: `/${org.slug}/welcome`, httpOnly: true, sameSite: 'strict', maxAge: KEY_COOKIE_SECONDS })
    } catch (error) {
      if (error instanceof ApiError) return fail(error.problem.status, { name, region, error: error.problem.detail, requestId: error.problem.instance })
      throw error
    }
    redirect(303, `/${org.slug}/welcome?project=${org.default_project_id}`)
  },
}
