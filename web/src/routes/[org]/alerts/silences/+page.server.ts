import { fail } from '@sveltejs/kit'
import { alertsOf, SilenceCreate } from '$lib/alerts.ts'
import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { fromLocalInput } from '$lib/zone.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, depends }) => {
  depends('agentops:silences')
  const { org } = await parent()
  const of = alertsOf(api(fetch), org.id)
  const [silences, rules] = await Promise.all([settle(of.silences()), settle(of.rules())])
  return { silences, rules: rules.ok ? rules.value.map(({ id, name }) => ({ id, name })) : [], nowMs: Date.now() }
}

export const actions: Actions = {
  create: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const zone = field(form, 'zone')
    const moment = (name: string) => {
      const at = fromLocalInput(field(form, name), zone)
      return at === null ? undefined : new Date(at).toISOString()
    }
    const dimension = field(form, 'dimension')
    const input = SilenceCreate.safeParse({
      kind: field(form, 'kind'),
      rule_id: field(form, 'rule_id') || null,
      match: dimension === '' ? {} : { [dimension]: field(form, 'value') },
      starts_at: moment('starts_at'),
      ends_at: moment('ends_at'),
      repeat: field(form, 'kind') === 'maintenance' ? field(form, 'repeat') || 'none' : 'none',
      reason: field(form, 'reason'),
    })
    if (!input.success) {
      const issues = input.error.issues.toReversed()
      return fail(422, { errors: Object.fromEntries(issues.map(({ path, message }) => [path.join('.'), message])) })
    }
    try {
      const { kind } = await alertsOf(api(fetch), params.org).createSilence(input.data)
      return { done: kind === 'silence' ? 'It is silent now.' : 'The maintenance window is there.' }
    } catch (error) {
      return refusal(error)
    }
  },
  end: async ({ request, fetch, params }) => {
    try {
      await alertsOf(api(fetch), params.org).endSilence(field(await request.formData(), 'id'))
      return { done: 'It has ended. What fires now is told again.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
