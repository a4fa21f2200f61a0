import { fail, redirect } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { budgetsOf } from '$lib/budgets.ts'
import { channelsOf } from '$lib/channels.ts'
import { sloFrom } from '$lib/features/slos/slo-form.ts'
import { settle } from '$lib/loaded.ts'
import { refusal } from '$lib/server/action.ts'
import { slosOf } from '$lib/slos.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch }) => {
  const { org } = await parent()
  const [budgets, channels] = await Promise.all([
    settle(budgetsOf(api(fetch), org.id).list()),
    settle(channelsOf(api(fetch), org.id).list()),
  ])
  return {
    budgets: budgets.ok ? budgets.value.map(({ id, name }) => ({ id, name })) : [],
    channels: channels.ok ? channels.value : [],
  }
}

export const actions: Actions = {
  default: async ({ request, fetch, params }) => {
    const parsed = sloFrom(await request.formData())
    if (!parsed.ok) return fail(422, { errors: parsed.errors })
    const { project_id, ...slo } = parsed.slo
    let made
    try {
      // The project of a budget is the budget's.
      const ofBudget = slo.indicator.type === 'budget_variance'
      made = await slosOf(api(fetch), params.org).create(ofBudget ? slo : { ...slo, project_id })
    } catch (error) {
      return refusal(error)
    }
    redirect(303, `/${params.org}/slos/${made.id}`)
  },
}
