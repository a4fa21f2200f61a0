import { redirect } from '@sveltejs/kit'
import { api } from '$lib/api.ts'
import { deletion } from '$lib/deletion.ts'
import { settle } from '$lib/loaded.ts'
import { field, refusal } from '$lib/server/action.ts'
import { signInHref } from '$lib/session.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals, url, fetch }) => {
  if (locals.me === null) redirect(303, signInHref(url))
  const of = deletion(api(fetch))
  const [deleted, gone] = await Promise.all([settle(of.orgs()), settle(of.gone())])
  return { deleted, gone, orgs: locals.me.orgs, theme: locals.theme, zone: locals.zone, nowMs: Date.now() }
}

export const actions: Actions = {
  restore: async ({ request, fetch }) => {
    let slug: string
    try {
      slug = (await deletion(api(fetch)).restoreOrg(field(await request.formData(), 'id'))).slug
    } catch (error) {
      return refusal(error)
    }
    redirect(303, `/${slug}/overview`)
  },
}
