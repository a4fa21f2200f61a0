import { fail, redirect } from '@sveltejs/kit'
import { field } from '$lib/server/action.ts'
import { identity, wordsOf } from '$lib/server/identity.ts'
import { safeNext } from '$lib/session.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals, url }) => {
  const next = url.searchParams.get('next')
  if (locals.me) redirect(303, safeNext(next, '/'))
  return { next: safeNext(next, ''), recovery: url.searchParams.has('recovery') }
}

export const actions: Actions = {
  default: async (event) => {
    const code = field(await event.request.formData(), 'code').replaceAll(' ', '')
    const way = event.url.searchParams.has('recovery') ? 'verify-backup-code' : 'verify-totp'
    const answer = await identity(event, `/two-factor/${way}`, { code })
    if (!answer.ok) return fail(answer.status, { error: wordsOf(answer) })
    redirect(303, safeNext(event.url.searchParams.get('next'), '/'))
  },
}
