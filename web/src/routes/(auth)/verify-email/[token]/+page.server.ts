import { identity, wordsOf } from '$lib/server/identity.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async (event) => {
  const answer = await identity(event, `/verify-email?token=${encodeURIComponent(event.params.token)}`)
  return { problem: answer.ok ? null : wordsOf(answer) }
}
