import { alertsOf, SilenceCreate } from '$lib/alerts.ts'
import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { failPage } from '$lib/page-error.ts'
import { field, refusal } from '$lib/server/action.ts'
import { people } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

const HOUR_MS = 3_600_000

export const load: PageServerLoad = async ({ parent, fetch, params, url, depends }) => {
  depends('agentops:incident')
  const { org } = await parent()
  const [incident, members] = await Promise.all([
    alertsOf(api(fetch), org.id)
      .incident(params.incident)
      .catch((cause: unknown) => failPage(cause, url)),
    settle(people(api(fetch), org.id).members()),
  ])
  return { incident, members: members.ok ? members.value : [], nowMs: Date.now() }
}

export const actions: Actions = {
  acknowledge: async ({ fetch, params }) => {
    try {
      await alertsOf(api(fetch), params.org).acknowledge(params.incident)
      return { done: 'Acknowledged: nobody else is called.' }
    } catch (error) {
      return refusal(error)
    }
  },
  silence: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const ends_at = new Date(Date.now() + Number(field(form, 'hours')) * HOUR_MS).toISOString()
    const reason = field(form, 'reason') || 'Silenced from its incident'
    const input = SilenceCreate.parse({ rule_id: field(form, 'rule_id'), ends_at, reason })
    try {
      await alertsOf(api(fetch), params.org).createSilence(input)
      return { done: 'The rule is silenced. It goes on watching, and tells nobody until then.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
