import { fail } from '@sveltejs/kit'
import { identity, wordsOf } from '$lib/server/identity.ts'
import { PASSWORD_CHARS_MIN } from '$lib/server/sign.ts'
import type { Actions } from './$types'

export const actions: Actions = {
  default: async (event) => {
    const newPassword = (await event.request.formData()).get('password')
    if (typeof newPassword !== 'string' || newPassword.length < PASSWORD_CHARS_MIN)
      return fail(422, { error: `Use at least ${PASSWORD_CHARS_MIN} characters.` })
    const answer = await identity(event, '/reset-password', { newPassword, token: event.params.token })
    return answer.ok ? { done: true } : fail(answer.status, { error: wordsOf(answer) })
  },
}
