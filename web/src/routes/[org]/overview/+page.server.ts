import { api } from '$lib/api.ts'
import { gathering } from '$lib/gather.ts'
import { alertsOf } from '$lib/alerts.ts'
import { budgetsOf } from '$lib/budgets.ts'
import { parseRange } from '$lib/features/filters/range.ts'
import { loadOverview } from '$lib/features/overview/load.ts'
import { EXECUTIVE_PANELS } from '$lib/features/views/executive/panels.ts'
import { headOf, loadPanels } from '$lib/features/views/load.ts'
import { scopeOf } from '$lib/features/views/scope.ts'
import { settle } from '$lib/loaded.ts'
import { orgTelemetry } from '$lib/telemetry.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ fetch, params, url, parent, depends }) => {
  depends('agentops:overview')
  const shown = await parent()
  const { projects, zone } = shown
  const nowMs = Date.now()
  const range = parseRange(url.searchParams, nowMs, zone)
  const wanted = url.searchParams.get('project')
  const project = projects.find((one) => wanted !== null && (one.id === wanted || one.slug === wanted)) ?? null
  const environment = url.searchParams.get('environment') || null
  const scope = { project_id: project?.id ?? null, environment }
  const client = gathering(api(fetch))
  const alerts = settle(alertsOf(client, params.org).summary())
  const budgets = settle(budgetsOf(client, params.org).list())
  const { totals, spend, ...later } = loadOverview(
    orgTelemetry(client, params.org),
    range,
    scope,
    projects.map((one) => one.id),
    nowMs,
  )
  const asked = scopeOf(url.searchParams, shown, nowMs)
  // The overview is told apart by project and environment alone, so its panels are too.
  const panelScope = {
    ...asked,
    filters: {
      ...(project !== null && { project: [project.id] }),
      ...(environment !== null && { environment: [environment] }),
    },
  }
  const answers = loadPanels(client, panelScope, EXECUTIVE_PANELS)
  // The headline comes with the page; the rest follows as it is ready.
  const head = await Promise.all([totals, spend])
  return {
    nowMs,
    range,
    scope,
    scopeProject: project,
    totals: head[0],
    spend: head[1],
    budgets,
    alerts,
    ...later,
    panels: EXECUTIVE_PANELS.map(headOf),
    panelScope,
    answers,
  }
}
