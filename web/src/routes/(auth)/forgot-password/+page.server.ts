import { fail } from '@sveltejs/kit'
import { field } from '$lib/server/action.ts'
import { identity, wordsOf } from '$lib/server/identity.ts'
import type { Actions } from './$types'

export const actions: Actions = {
  default: async (event) => {
    const email = field(await event.request.formData(), 'email')
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
      return fail(422, { email, error: 'Give an address such as ada@example.com.' })
    const answer = await identity(event, '/request-password-reset', { email })
    return answer.ok ? { email, sent: true } : fail(answer.status, { email, error: wordsOf(answer) })
  },
}
