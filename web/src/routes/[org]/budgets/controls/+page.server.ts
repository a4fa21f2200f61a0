import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { ControlCreate, controlsOf } from '$lib/controls.ts'
import { errorsOf, inputOf, type Given } from '$lib/features/controls/form.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url, depends }) => {
  depends('agentops:controls')
  const { org } = await parent()
  const of = controlsOf(api(fetch), org.id)
  const [controls, breakers] = await Promise.all([settle(of.list()), settle(of.breakers())])
  const asked = (name: string) =>
    (controls.ok && controls.value.find(({ id }) => id === url.searchParams.get(name))) || null
  return { controls, breakers, removing: asked('remove'), editing: asked('edit') }
}

/** The form's texts; a box that is not checked is empty. */
const givenIn = (form: FormData): Given =>
  Object.fromEntries([...form.keys()].filter((name) => name !== 'id').map((name) => [name, field(form, name)]))

export const actions: Actions = {
  create: async ({ request, fetch, params }) => {
    const given = givenIn(await request.formData())
    const type = given['scope'] ?? ''
    const scope = { type, ...(type !== 'org' && { id: given['scope_id'] ?? '' }) }
    const input = ControlCreate.safeParse({ ...inputOf(given), scope })
    if (!input.success) return fail(422, { errors: errorsOf(input.error.issues), given })
    try {
      const { name } = await controlsOf(api(fetch), params.org).create(input.data)
      return { done: `“${name}” is there.` }
    } catch (error) {
      return refusal(error)
    }
  },
  update: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const given = givenIn(form)
    // The scope stays as it is; any will do to check the rest.
    const input = ControlCreate.safeParse({ ...inputOf(given), scope: { type: 'org' } })
    if (!input.success) return fail(422, { errors: errorsOf(input.error.issues), given })
    const { scope: _, ...change } = input.data
    try {
      const { name } = await controlsOf(api(fetch), params.org).update(field(form, 'id'), change)
      return { done: `“${name}” is changed.` }
    } catch (error) {
      return refusal(error)
    }
  },
  remove: async ({ request, fetch, params }) => {
    try {
      const { name } = await controlsOf(api(fetch), params.org).remove(field(await request.formData(), 'id'))
      return { done: `“${name}” is removed, and its circuit breakers with it.` }
    } catch (error) {
      return refusal(error)
    }
  },
  close: async ({ request, fetch, params }) => {
    try {
      await controlsOf(api(fetch), params.org).close(field(await request.formData(), 'id'))
      return { done: 'The circuit breaker is closed, and counts anew.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
