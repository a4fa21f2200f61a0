import { api } from '$lib/api.ts'
import { budgetsOf } from '$lib/budgets.ts'
import { settle } from '$lib/loaded.ts'
import { slosOf } from '$lib/slos.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, depends }) => {
  depends('agentops:slos')
  const { org } = await parent()
  const [slos, budgets] = await Promise.all([
    settle(slosOf(api(fetch), org.id).list()),
    settle(budgetsOf(api(fetch), org.id).list()),
  ])
  return {
    slos,
    budgets: budgets.ok ? budgets.value.map(({ id, name }) => ({ id, name })) : [],
    nowMs: Date.now(),
  }
}
