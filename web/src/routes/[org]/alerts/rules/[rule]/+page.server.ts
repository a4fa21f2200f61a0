import { fail, redirect } from '@sveltejs/kit'
import { alertsOf } from '$lib/alerts.ts'
import { api } from '$lib/api.ts'
import { budgetsOf } from '$lib/budgets.ts'
import { channelsOf } from '$lib/channels.ts'
import { ruleFrom } from '$lib/features/alerts/rule-form.ts'
import { settle } from '$lib/loaded.ts'
import { failPage } from '$lib/page-error.ts'
import { refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, params, url, depends }) => {
  depends('agentops:rule')
  const { org } = await parent()
  const of = alertsOf(api(fetch), org.id)
  const [rule, incidents, budgets, channels] = await Promise.all([
    of.rule(params.rule).catch((cause: unknown) => failPage(cause, url)),
    settle(of.incidents({ rule_id: params.rule, limit: 10 })),
    settle(budgetsOf(api(fetch), org.id).list()),
    settle(channelsOf(api(fetch), org.id).list()),
  ])
  return {
    rule,
    incidents,
    budgets: budgets.ok ? budgets.value.map(({ id, name }) => ({ id, name })) : [],
    channels: channels.ok ? channels.value : [],
    removing: url.searchParams.has('remove'),
    nowMs: Date.now(),
  }
}

export const actions: Actions = {
  save: async ({ request, fetch, params }) => {
    const parsed = ruleFrom(await request.formData())
    if (!parsed.ok) return fail(422, { errors: parsed.errors })
    const { preset: _, enabled: __, ...change } = parsed.rule
    try {
      await alertsOf(api(fetch), params.org).updateRule(params.rule, change)
      return { done: 'The rule is saved. It is evaluated anew within a minute.' }
    } catch (error) {
      return refusal(error)
    }
  },
  remove: async ({ fetch, params }) => {
    try {
      await alertsOf(api(fetch), params.org).removeRule(params.rule)
    } catch (error) {
      return refusal(error)
    }
    redirect(303, `/${params.org}/alerts/rules`)
  },
}
