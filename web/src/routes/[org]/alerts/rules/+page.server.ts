import { alertsOf } from '$lib/alerts.ts'
import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, depends }) => {
  depends('agentops:alerts')
  const { org } = await parent()
  return { rules: await settle(alertsOf(api(fetch), org.id).rules()), nowMs: Date.now() }
}

export const actions: Actions = {
  toggle: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const enabled = field(form, 'enabled') === 'yes'
    try {
      const { name } = await alertsOf(api(fetch), params.org).updateRule(field(form, 'id'), { enabled })
      return { done: enabled ? `“${name}” watches again.` : `“${name}” is off.` }
    } catch (error) {
      return refusal(error)
    }
  },
}
