import { fail } from '@sveltejs/kit'
import { field } from '$lib/server/action.ts'
import { identity, wordsOf } from '$lib/server/identity.ts'
import { safeNext } from '$lib/session.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = ({ url }) => ({
  problem: url.searchParams.get('problem')?.slice(0, 300) ?? null,
  next: safeNext(url.searchParams.get('next'), ''),
})

export const actions: Actions = {
  default: async (event) => {
    const email = field(await event.request.formData(), 'email')
    const next = safeNext(event.url.searchParams.get('next'), '/')
    const answer = await identity(event, '/sso/start', { email, next })
    if (!answer.ok) {
      const words: Record<string, string> = {
        NO_SSO: 'No organization signs in this way with addresses of this domain.',
        SSO_PROVIDER: 'The sign-in of your organization cannot be reached. Tell whoever looks after it.',
      }
      const error = answer.status === 400 ? 'Give an address such as ada@example.com.' : words[answer.code]
      return fail(answer.status, { email, error: error ?? wordsOf(answer) })
    }
    // Not a redirect: our pages' policy keeps forms from leading to other sites.
    return { email, url: (answer.body as { url: string }).url }
  },
}
