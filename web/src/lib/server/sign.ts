import { fail, redirect, type RequestEvent } from '@sveltejs/kit'
import { safeNext } from '$lib/session.ts'
import { passCookies } from './cookies.ts'

/** Sends a form to better-auth and goes on to where the person came from; a refusal is shown in place. */
export async function sign(event: RequestEvent, path: '/api/auth/sign-up/email' | '/api/auth/sign-in/email', fields: readonly string[]) {
  const form = await event.request.formData()
  const body = Object.fromEntries(fields.map((name) => [name, String(form.get(name) ?? '')]))
  const response = await event.fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const { password: _, ...kept } = body
  if (!response.ok) {
    const answer = (await response.json().catch(() => null)) as { message?: string } | null
    return fail(response.status >= 500 ? 502 : response.status, { ...kept, error: wordsOf(response.status, answer?.message) })
  }
  passCookies(response, event.cookies)
  redirect(303, safeNext(event.url.searchParams.get('next')))
}

function wordsOf(status: number, message: string | undefined): string {
  if (status === 429) return 'Too many tries. Wait a minute and try again.'
  if (status === 401) return 'E-mail or password is wrong.'
  return message && status < 500 ? message : 'The server could not answer. Try again.'
}
