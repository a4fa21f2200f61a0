import { fail, redirect } from '@sveltejs/kit'
import { alertsOf, PRESETS, type Preset } from '$lib/alerts.ts'
import { api } from '$lib/api.ts'
import { budgetsOf } from '$lib/budgets.ts'
import { channelsOf } from '$lib/channels.ts'
import { ruleFrom } from '$lib/features/alerts/rule-form.ts'
import { settle } from '$lib/loaded.ts'
import { refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url }) => {
  const { org } = await parent()
  const wanted = url.searchParams.get('preset')
  const preset = (PRESETS as readonly string[]).includes(wanted ?? '') ? (wanted as Preset) : null
  const [budgets, channels] = await Promise.all([
    settle(budgetsOf(api(fetch), org.id).list()),
    settle(channelsOf(api(fetch), org.id).list()),
  ])
  return {
    preset,
    budgets: budgets.ok ? budgets.value.map(({ id, name }) => ({ id, name })) : [],
    channels: channels.ok ? channels.value : [],
  }
}

export const actions: Actions = {
  default: async ({ request, fetch, params }) => {
    const parsed = ruleFrom(await request.formData())
    if (!parsed.ok) return fail(422, { errors: parsed.errors })
    let made
    try {
      made = await alertsOf(api(fetch), params.org).createRule(parsed.rule)
    } catch (error) {
      return refusal(error)
    }
    redirect(303, `/${params.org}/alerts/rules/${made.id}`)
  },
}
