import { api } from '$lib/api.ts'
import { settle } from '$lib/loaded.ts'
import { savedViewsOf } from '$lib/saved-views.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ parent, fetch, depends }) => {
  depends('agentops:dashboards')
  const { org } = await parent()
  return { dashboards: await settle(savedViewsOf(api(fetch), org.id).dashboards()), nowMs: Date.now() }
}
