import { api } from '$lib/api.ts'
import { gathering } from '$lib/gather.ts'
import { alertsOf } from '$lib/alerts.ts'
import { budgetsOf } from '$lib/budgets.ts'
import { loadOverview } from '$lib/features/overview/load.ts'
import { EXECUTIVE_PANELS } from '$lib/features/views/executive/panels.ts'
import { givenAnnotations } from '$lib/features/views/annotations.ts'
import { headOf, loadPanels } from '$lib/features/views/load.ts'
import type { Scope } from '$lib/features/views/panel.ts'
import { scopedProjects, scopeOf } from '$lib/features/views/scope.ts'
import { settle } from '$lib/loaded.ts'
import { orgTelemetry } from '$lib/telemetry.ts'
import type { PageServerLoad } from './$types'

/** Minutes are kept for three days: there are none of a week before. */
function drawnBefore({ range, before, comparison }: Scope): NonNullable<Scope['before']> {
  const isGone = comparison === 'week' && range.step === 'minute'
  return before === null || isGone ? { ...range.previous, ...before, buckets: [] } : before
}

export const load: PageServerLoad = async ({ fetch, params, url, parent, depends, isDataRequest }) => {
  depends('agentops:overview')
  const nowMs = Date.now()
  const scope = scopeOf(url.searchParams, await parent(), nowMs)
  const client = gathering(api(fetch))
  const alerts = settle(alertsOf(client, params.org).summary())
  const budgets = settle(budgetsOf(client, params.org).list())
  // Not gathered: the headline would wait for the slowest panel of its call.
  const overview = loadOverview(
    orgTelemetry(api(fetch), params.org),
    { ...scope.range, previous: drawnBefore(scope) },
    scope,
    scopedProjects(scope),
    nowMs,
  )
  const annotations = givenAnnotations(client, scope, isDataRequest)
  const answers = loadPanels(client, scope, EXECUTIVE_PANELS)
  return {
    scope,
    budgets,
    alerts,
    ...overview,
    panels: EXECUTIVE_PANELS.map(headOf),
    annotations,
    answers,
  }
}
