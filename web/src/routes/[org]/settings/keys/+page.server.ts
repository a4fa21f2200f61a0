import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { expiryOf, sortKeys, stateOf } from '$lib/features/settings/keys.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { KeyCreate, projectSettings } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url, depends }) => {
  depends('agentops:keys')
  const { project } = await parent()
  const keys = await settle(projectSettings(api(fetch), project.id).keys())
  const nowMs = Date.now()
  const working = keys.ok ? keys.value.filter((key) => ['active', 'expiring'].includes(stateOf(key, nowMs))) : []
  const named = (name: string) => working.find(({ id }) => id === url.searchParams.get(name)) ?? null
  return {
    nowMs,
    keys: keys.ok ? sortKeys(keys.value, nowMs) : null,
    problem: keys.ok ? null : keys.problem,
    revoking: named('revoke'),
    rotating: named('rotate'),
  }
}

export const actions: Actions = {
  create: async ({ request, fetch }) => {
    const form = await request.formData()
    const given = {
      name: field(form, 'name'),
      scopes: form.getAll('scopes'),
      days: field(form, 'days'),
      environment: field(form, 'environment'),
    }
    const input = KeyCreate.safeParse({
      name: given.name,
      scopes: given.scopes,
      expires_at: expiryOf(given.days, Date.now()),
      ...(given.environment !== '' && { environment: given.environment }),
    })
    if (!input.success) {
      const wrong = new Set(input.error.issues.map(({ path }) => path[0]))
      return fail(422, {
        nameError: wrong.has('name') ? 'Say what the key is for, in 1 to 80 characters.' : undefined,
        scopesError: wrong.has('scopes') ? 'Choose at least one.' : undefined,
        given: { ...given, scopes: given.scopes.map(String) },
      })
    }
    try {
      const created = await projectSettings(api(fetch), field(form, 'project_id')).createKey(input.data)
      return { created: { name: created.name, key: created.key } }
    } catch (error) {
      return refusal(error)
    }
  },
  rotate: async ({ request, fetch }) => {
    const form = await request.formData()
    try {
      const project = projectSettings(api(fetch), field(form, 'project_id'))
      const created = await project.rotateKey(field(form, 'key_id'), Number(field(form, 'overlap_hours')))
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
