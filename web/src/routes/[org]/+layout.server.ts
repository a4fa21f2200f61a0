import { error, redirect } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { failPage } from '$lib/page-error.ts'
import { signInHref } from '$lib/session.ts'
import { organization } from '$lib/tenancy.ts'
import type { LayoutServerLoad } from './$types'

/** The organization that the path names and the project that `?project=` names, else the first. */
export const load: LayoutServerLoad = async ({ locals, params, url, fetch, depends, cookies }) => {
  depends('agentops:projects')
  if (locals.me === null) redirect(303, signInHref(url))
  const { user, orgs } = locals.me
  const org = orgs.find(({ slug, id }) => slug === params.org || id === params.org)
  if (!org)
    error(404, {
      message: 'There is no such organization, or you are not a member of it.',
      request_id: locals.request_id,
    })
  const projects = await organization(api(fetch), org.id)
    .projects()
    .catch((cause: unknown) => failPage(cause, url))
  if (projects.length === 0)
    error(403, {
      message: `You are a member of ${org.name}, but of none of its projects. Ask an owner or admin to give you one.`,
      request_id: locals.request_id,
    })
  const wanted = url.searchParams.get('project')
  const project = wanted ? projects.find(({ slug, id }) => slug === wanted || id === wanted) : projects[0]
  if (!project) error(404, { message: 'There is no such project in this organization.', request_id: locals.request_id })
  return {
    user,
    orgs,
    org,
    projects,
    project,
    projectNamed: Boolean(wanted),
    railNarrow: cookies.get('agentops_rail') === 'narrow',
  }
}
