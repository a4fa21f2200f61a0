import { fail, redirect, type RequestEvent } from '@sveltejs/kit'
import { safeNext } from '$lib/session.ts'
import { passCookies } from './cookies.ts'

export const PASSWORD_CHARS_MIN = 10

type Field = 'name' | 'email' | 'password'

/** Sends a form to the identity endpoint and goes on to where the person came from; a refusal is shown in place. */
export async function sign(
  event: RequestEvent,
  path: '/api/auth/sign-up/email' | '/api/auth/sign-in/email',
  fields: readonly Field[],
) {
  const form = await event.request.formData()
  const given = { name: text(form, 'name').trim(), email: text(form, 'email').trim(), password: text(form, 'password') }
  const { password: _, ...kept } = given
  const wrong = problemsOf(given, fields, path === '/api/auth/sign-up/email')
  if (Object.keys(wrong).length > 0) return fail(422, { ...kept, errors: wrong, error: null, requestId: null })
  const body = Object.fromEntries(fields.map((name) => [name, given[name]]))
  const response = await event.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) {
    const { errors, error } = wordsOf(response.status, codeOf(await response.text()))
    return fail(response.status >= 500 ? 502 : response.status, {
      ...kept,
      errors,
      error,
      requestId: response.status >= 500 ? event.locals.request_id : null,
    })
  }
  passCookies(response, event.cookies)
  const next = safeNext(event.url.searchParams.get('next'), '/')
  const { twoFactorRedirect } = (await response.json()) as { twoFactorRedirect?: boolean }
  redirect(303, twoFactorRedirect ? `/two-factor?next=${encodeURIComponent(next)}` : next)
}

function text(form: FormData, name: Field): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

function problemsOf(
  given: Record<Field, string>,
  fields: readonly Field[],
  isNew: boolean,
): Partial<Record<Field, string>> {
  const wrong: Partial<Record<Field, string>> = {}
  if (fields.includes('name') && given.name === '') wrong.name = 'Say what to call you.'
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(given.email)) wrong.email = 'Give an address such as ada@example.com.'
  if (given.password === '') wrong.password = 'Give your password.'
  else if (isNew && given.password.length < PASSWORD_CHARS_MIN)
    wrong.password = `Use at least ${PASSWORD_CHARS_MIN} characters.`
  return wrong
}

function codeOf(body: string): string {
  const match = /"code"\s*:\s*"([A-Z_]+)"/.exec(body)
  return match?.[1] ?? ''
}

function wordsOf(status: number, code: string): { errors: Partial<Record<Field, string>>; error: string | null } {
  if (code.startsWith('USER_ALREADY_EXISTS'))
    return { errors: { email: 'There is an account with this address already. Sign in instead.' }, error: null }
  if (code === 'INVALID_EMAIL') return { errors: { email: 'This is not an address that mail can reach.' }, error: null }
  if (code === 'PASSWORD_TOO_LONG') return { errors: { password: 'Use at most 128 characters.' }, error: null }
  if (code === 'TOO_MANY_FAILURES')
    return {
      errors: {},
      error: 'Too many wrong passwords for this account. Wait a quarter of an hour, or set a new password by mail.',
    }
  if (status === 429) return { errors: {}, error: 'Too many tries. Wait a minute, then try again.' }
  if (status === 401) return { errors: {}, error: 'This address and password do not belong together.' }
  return {
    errors: {},
    error:
      status >= 500
        ? 'The server could not answer. Try again in a moment.'
        : 'The server did not take this. Check what you typed.',
  }
}
