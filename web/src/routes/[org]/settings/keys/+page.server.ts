import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { expiryOf, sortKeys } from '$lib/features/settings/keys.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { KeyCreate, projectSettings } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url, depends }) => {
  depends('agentops:keys')
  const { project } = await parent()
  const keys = await settle(projectSettings(api(fetch), project.id).keys())
  const nowMs = Date.now()
  const wanted = url.searchParams.get('revoke')
  const revoking = keys.ok
    ? (keys.value.find(({ id, revoked_at }) => id === wanted && revoked_at === null) ?? null)
    : null
  return { nowMs, keys: keys.ok ? sortKeys(keys.value, nowMs) : null, problem: keys.ok ? null : keys.problem, revoking }
}

export const actions: Actions = {
  create: async ({ request, fetch }) => {
    const form = await request.formData()
    const given = { name: field(form, 'name'), scopes: form.getAll('scopes'), days: field(form, 'days') }
    const input = KeyCreate.safeParse({
      name: given.name,
      scopes: given.scopes,
      expires_at: expiryOf(given.days, Date.now()),
    })
    if (!input.success) {
      const wrong = new Set(input.error.issues.map(({ path }) => path[0]))
      return fail(422, {
        nameError: wrong.has('name') ? 'Say what the key is for, in 1 to 80 characters.' : undefined,
        scopesError: wrong.has('scopes') ? 'Choose at least one.' : undefined,
        given: { name: given.name, scopes: given.scopes.map(String), days: given.days },
      })
    }
    try {
      const created = await projectSettings(api(fetch), field(form, 'project_id')).createKey(input.data)
      return { created: { name: created.name, key: created.key } }
    } catch (error) {
      return refusal(error)
    }
  },
  revoke: async ({ request, fetch }) => {
    const form = await request.formData()
    try {
      const { name } = await projectSettings(api(fetch), field(form, 'project_id')).revokeKey(field(form, 'key_id'))
      return { revoked: name }
    } catch (error) {
      return refusal(error)
    }
  },
}
