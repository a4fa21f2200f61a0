import { redirect } from '@sveltejs/kit'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals }) => {
  if (locals.me === null) redirect(303, '/sign-in')
  const [first] = locals.me.orgs
  redirect(303, first ? `/${first.slug}/overview` : '/new')
}
