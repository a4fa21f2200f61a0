import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { roleMay } from '$lib/features/settings/roles.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { singleSignOn, SsoInput } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url }) => {
  const { org } = await parent()
  const allowed = roleMay(org.role, 'sso.write')
  return {
    connection: allowed ? await settle(singleSignOn(api(fetch), org.id).get()) : null,
    redirectUri: `${url.origin}/api/auth/sso/callback`,
  }
}

export const actions: Actions = {
  set: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const given = {
      domain: field(form, 'domain'),
      issuer: field(form, 'issuer'),
      client_id: field(form, 'client_id'),
      role: field(form, 'role'),
    }
    const input = SsoInput.safeParse({ ...given, client_secret: field(form, 'client_secret') })
    if (!input.success) {
      const wrong = new Map(input.error.issues.map(({ path, message }) => [String(path[0]), message]))
      return fail(422, { given, errors: Object.fromEntries(wrong) as Record<string, string> })
    }
    try {
      await singleSignOn(api(fetch), params.org).set(input.data)
      return { done: 'The provider is set.' }
    } catch (error) {
      return refusal(error)
    }
  },
  verify: async ({ fetch, params }) => {
    try {
      const { domain } = await singleSignOn(api(fetch), params.org).verify()
      return { done: `${domain} is proven. Its addresses can sign in now.` }
    } catch (error) {
      return refusal(error)
    }
  },
  remove: async ({ fetch, params }) => {
    try {
      await singleSignOn(api(fetch), params.org).remove()
      return { done: 'Single sign-on is removed. Members stay members.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
