import { fail } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { BudgetCreate, budgetsOf, ExtensionCreate } from '$lib/budgets.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, url, depends }) => {
  depends('agentops:budgets')
  const { org } = await parent()
  const of = budgetsOf(api(fetch), org.id)
  const [budgets, reservations, extensions] = await Promise.all([
    settle(of.list()),
    settle(of.reservations()),
    settle(of.extensions()),
  ])
  const asked = (name: string) =>
    (budgets.ok && budgets.value.find(({ id }) => id === url.searchParams.get(name))) || null
  return { budgets, reservations, extensions, removing: asked('remove'), extending: asked('extend'), nowMs: Date.now() }
}

const HOUR_MS = 3_600_000

export const actions: Actions = {
  create: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const type = field(form, 'scope')
    const given = {
      name: field(form, 'name'),
      scope: { type, ...(type !== 'org' && { id: field(form, 'scope_id') }) },
      period: field(form, 'period'),
      limit_usd: field(form, 'limit_usd'),
      hard: field(form, 'hard') === 'yes',
    }
    const input = BudgetCreate.safeParse(given)
    if (!input.success) {
      // Of one field, the first thing that is wrong.
      const issues = input.error.issues.toReversed()
      const errors = Object.fromEntries(issues.map(({ path, message }) => [path.join('_'), message]))
      return fail(422, { errors, given: { ...given, scope: type, scope_id: field(form, 'scope_id') } })
    }
    try {
      const { name } = await budgetsOf(api(fetch), params.org).create(input.data)
      return { done: `“${name}” is there.` }
    } catch (error) {
      return refusal(error)
    }
  },
  remove: async ({ request, fetch, params }) => {
    try {
      const { name } = await budgetsOf(api(fetch), params.org).remove(field(await request.formData(), 'id'))
      return { done: `“${name}” is removed. What was spent stays in the ledger.` }
    } catch (error) {
      return refusal(error)
    }
  },
  release: async ({ request, fetch, params }) => {
    try {
      await budgetsOf(api(fetch), params.org).release(field(await request.formData(), 'id'))
      return { done: 'The reservation holds nothing any more.' }
    } catch (error) {
      return refusal(error)
    }
  },
  ask: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const until = new Date(Date.now() + Number(field(form, 'hours')) * HOUR_MS).toISOString()
    const input = ExtensionCreate.safeParse({
      amount_usd: field(form, 'amount_usd'),
      until,
      reason: field(form, 'reason'),
    })
    if (!input.success) return fail(422, { askError: 'Give an amount above 0 and a reason.' })
    try {
      await budgetsOf(api(fetch), params.org).ask(field(form, 'id'), input.data)
      return { done: 'The extension is asked for.' }
    } catch (error) {
      return refusal(error)
    }
  },
  decide: async ({ request, fetch, params }) => {
    const form = await request.formData()
    const verb = field(form, 'verb') === 'grant' ? 'grant' : 'decline'
    try {
      await budgetsOf(api(fetch), params.org).decide(field(form, 'id'), verb)
      return { done: verb === 'grant' ? 'The extension is granted.' : 'The extension is declined.' }
    } catch (error) {
      return refusal(error)
    }
  },
}
