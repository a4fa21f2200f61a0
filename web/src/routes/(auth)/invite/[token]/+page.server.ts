import { redirect } from '@sveltejs/kit'
import { api, ApiError } from '$lib/api.ts'
import { refusal } from '$lib/server/action.ts'
import { account } from '$lib/tenancy.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ params, fetch, locals }) => {
  try {
    const offer = await account(api(fetch)).offer(params.token)
    return { offer, problem: null, email: locals.me?.user.email ?? null }
  } catch (error) {
    if (error instanceof ApiError && error.status < 500)
      return { offer: null, problem: error.problem.detail, email: locals.me?.user.email ?? null }
    throw error
  }
}

export const actions: Actions = {
  default: async ({ params, fetch }) => {
    let slug: string
    try {
      slug = (await account(api(fetch)).acceptInvitation(params.token)).slug
    } catch (error) {
      return refusal(error)
    }
    redirect(303, `/${slug}/overview`)
  },
}
