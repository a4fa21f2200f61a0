import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { expiryOf } from '$lib/features/settings/keys.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { KeyCreate, people, PrincipalCreate } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch }) => {
  const { org } = await parent()
  const of = people(api(fetch), org.id)
  const [principals, keys] = await Promise.all([settle(of.principals()), settle(of.keys())])
  return { nowMs: Date.now(), principals, keys }
}

export const actions: Actions = {
  create: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const input = PrincipalCreate.safeParse({ name: field(form, 'name'), role: field(form, 'role') })
    if (!input.success) return fail(422, { nameError: 'Give it a name, in 1 to 80 characters.' })
    try {
      const { name } = await people(api(fetch), params.org).createPrincipal(input.data)
      return { done: `“${name}” is there. Make a key for it below.` }
    } catch (error) {
      return refusal(error)
    }
  },
  switch: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const disabled = field(form, 'disabled') === 'true'
    try {
      const { name } = await people(api(fetch), params.org).updatePrincipal(field(form, 'id'), { disabled })
      return {
        done: disabled ? `“${name}” is disabled; its keys are refused within 60 seconds.` : `“${name}” works again.`,
      }
    } catch (error) {
      return refusal(error)
    }
  },
  key: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const principal_id = field(form, 'principal_id')
    const input = KeyCreate.safeParse({
      name: field(form, 'name'),
      scopes: form.getAll('scopes'),
      expires_at: expiryOf(field(form, 'days'), Date.now()),
      ...(principal_id !== '' && { principal_id }),
    })
    if (!input.success) return fail(422, { keyError: 'Give the key a name and at least one scope.' })
    try {
      const { name, key } = await people(api(fetch), params.org).createKey(input.data)
      return { created: { name, key } }
    } catch (error) {
      return refusal(error)
    }
  },
  revoke: async ({ request, fetch, params }) => {
    const form = await request.formData()
    try {
      const { name } = await people(api(fetch), params.org).revokeKey(field(form, 'id'))
      return { done: `The key “${name}” is revoked.` }
    } catch (error) {
      return refusal(error)
    }
  },
}
