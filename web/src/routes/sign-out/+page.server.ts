import { redirect } from '@sveltejs/kit'
import { passCookies } from '$lib/server/cookies.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = () => redirect(303, '/')

export const actions: Actions = {
  default: async ({ fetch, cookies }) => {
    passCookies(
      await fetch('/api/auth/sign-out', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      }),
      cookies,
    )
    redirect(303, '/sign-in')
  },
}
