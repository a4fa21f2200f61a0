import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { reportsOf } from '$lib/reports.ts'
import { savedViewsOf } from '$lib/saved-views.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, depends }) => {
  depends('agentops:reports')
  const { org } = await parent()
  const [reports, dashboards] = await Promise.all([
    settle(reportsOf(api(fetch), org.id).list()),
    // Only their names: without them the list is as good.
    savedViewsOf(api(fetch), org.id)
      .dashboards()
      .catch(() => []),
  ])
  return { reports, dashboards: dashboards.map(({ id, name }) => ({ id, name })), nowMs: Date.now() }
}
