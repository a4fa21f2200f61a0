import { redirect } from '@sveltejs/kit'
import { sign } from '$lib/server/sign.ts'
import { safeNext } from '$lib/session.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals, url }) => {
  const next = url.searchParams.get('next')
  if (locals.me) redirect(303, safeNext(next, '/'))
  return { next: safeNext(next, '') }
}

export const actions: Actions = {
  default: (event) => sign(event, '/api/auth/sign-up/email', ['name', 'email', 'password']),
}
