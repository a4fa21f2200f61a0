import { error, redirect } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { gathering } from '$lib/gather.ts'
import { givenAnnotations } from '$lib/features/views/annotations.ts'
import { catalogue, panelsOf } from '$lib/features/views/catalogue.ts'
import { headOf, loadPanels } from '$lib/features/views/load.ts'
import { scopeOf } from '$lib/features/views/scope.ts'
import { failPage } from '$lib/page-error.ts'
import { savedViewsOf } from '$lib/saved-views.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ fetch, params, url, parent, depends, locals, isDataRequest }) => {
  depends('agentops:view')
  const shown = await parent()
  const dashboard = await savedViewsOf(api(fetch), shown.org.id)
    .read(params.dashboard)
    .catch((cause: unknown) => failPage(cause, url))
  if (dashboard.kind !== 'dashboard')
    error(404, { message: 'There is no such dashboard.', request_id: locals.request_id })
  // Its own range and filters, for who comes by its bare address; on the page itself they may be cleared.
  if (url.search === '' && dashboard.content.query !== '' && !isDataRequest)
    redirect(307, `${url.pathname}?${dashboard.content.query}`)
  const scope = scopeOf(url.searchParams, shown, Date.now())
  const isEdited = url.searchParams.has('edit') && dashboard.editable
  const { panels, missing } = panelsOf(dashboard.content.panels)
  const client = gathering(api(fetch))
  return {
    dashboard,
    groups: isEdited ? catalogue() : null,
    panels: panels.map(headOf),
    missing,
    scope,
    annotations: isEdited ? null : givenAnnotations(client, scope, isDataRequest),
    answers: isEdited ? {} : loadPanels(client, scope, panels),
  }
}
