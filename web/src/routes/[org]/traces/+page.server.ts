import { api } from '$lib/api.ts'
import { parseRange } from '$lib/features/filters/range.ts'
import { knownQueries, shapeKnown } from '$lib/features/traces/known.ts'
import { parseTraceFilters, parseTraceSort, traceQuery } from '$lib/features/traces/filter.ts'
import { settle } from '$lib/loaded.ts'
import { orgTelemetry, projectTelemetry } from '$lib/telemetry.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ fetch, params, url, parent, depends, isDataRequest }) => {
  depends('agentops:traces')
  const { project, zone } = await parent()
  const nowMs = Date.now()
  const range = parseRange(url.searchParams, nowMs, zone)
  const { filters, problem } = parseTraceFilters(url.searchParams)
  const sort = parseTraceSort(url.searchParams)
  const client = api(fetch)
  const cursor = url.searchParams.get('cursor')
  const page = settle(projectTelemetry(client, project.id).traces(traceQuery(filters, range, cursor, sort)))
  const metrics = orgTelemetry(client, params.org).metrics
  const known = settle(Promise.all(knownQueries(project.id, nowMs).map((query) => metrics(query))).then(shapeKnown))
  // The first view has its rows in it, also without JavaScript; later ones show at once that they load.
  return { nowMs, range, filters, problem, sort, page: isDataRequest ? page : await page, known }
}
