import { error } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { gathering } from '$lib/gather.ts'
import { givenAnnotations } from '$lib/features/views/annotations.ts'
import { headOf, loadPanels } from '$lib/features/views/load.ts'
import { scopeOf } from '$lib/features/views/scope.ts'
import { VIEWS } from '$lib/features/views/views.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ fetch, params, url, parent, depends, locals, isDataRequest }) => {
  depends('agentops:view')
  const view = VIEWS.find(({ id }) => id === params.view)
  if (view === undefined) error(404, { message: 'There is no such view.', request_id: locals.request_id })
  const scope = scopeOf(url.searchParams, await parent(), Date.now(), view.range)
  const client = gathering(api(fetch))
  return {
    view: { id: view.id, title: view.title, about: view.about, panels: view.panels.map(headOf) },
    scope,
    annotations: givenAnnotations(client, scope, isDataRequest),
    answers: loadPanels(client, scope, view.panels),
  }
}
