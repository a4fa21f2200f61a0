import { redirect } from '@sveltejs/kit'
import type { PageServerLoad } from './$types'

/** The way in: the first organization, or the page that makes one. */
export const load: PageServerLoad = ({ locals }) => {
  const org = locals.me?.orgs[0]
  redirect(303, org ? `/${org.slug}/overview` : '/new')
}
