import { error } from '@sveltejs/kit'
import type { PageServerLoad } from './$types'

interface Mail {
  to: string
  subject: string
  text: string
  at: string
  attachment?: { id: string; name: string; bytes: number }
}

/** The mailbox of a product that runs on somebody's laptop; elsewhere there is no such page. */
export const load: PageServerLoad = async ({ fetch, locals }) => {
  const response = await fetch('/api/dev/mail')
  if (!response.ok) error(404, { message: 'There is no such page.', request_id: locals.request_id })
  return { mails: ((await response.json()) as { data: Mail[] }).data, zone: locals.zone }
}
