import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { budgetsOf, BudgetUpdate, isHeldFrom } from '$lib/budgets.ts'
import { settle } from '$lib/loaded.ts'
import { failPage } from '$lib/page-error.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, params, url, depends }) => {
  depends('agentops:budget')
  const { org, projects } = await parent()
  const of = budgetsOf(api(fetch), org.id)
  const [budget, path, reservations, extensions] = await Promise.all([
    of.one(params.budget).catch((cause: unknown) => failPage(cause, url)),
    settle(of.forecast(params.budget)),
    settle(of.reservations()),
    settle(of.extensions()),
  ])
  return {
    budget,
    path,
    reservations: reservations.ok
      ? { ok: true as const, value: reservations.value.filter((one) => isHeldFrom(budget, one, projects)) }
      : reservations,
    extensions: extensions.ok
      ? { ok: true as const, value: extensions.value.filter(({ budget_id }) => budget_id === budget.id) }
      : extensions,
    nowMs: Date.now(),
  }
}

export const actions: Actions = {
  plan: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const of = budgetsOf(api(fetch), params.org)
    try {
      const { planned_usd } = await of.one(params.budget)
      const months = [...form.keys()]
      const others = Object.entries(planned_usd).filter(([month]) => !months.includes(month))
      const given = months.map((month) => [month, field(form, month)]).filter(([, amount]) => amount !== '')
      const input = BudgetUpdate.safeParse({ planned_usd: Object.fromEntries([...others, ...given]) })
      if (!input.success) return fail(422, { planError: 'Give an amount like 250.00, or leave a month empty.' })
      await of.update(params.budget, input.data)
      return { done: 'The plan is saved.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
