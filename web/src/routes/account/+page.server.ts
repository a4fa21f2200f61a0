import { fail, redirect, type RequestEvent } from '@sveltejs/kit'
import { api, ApiError } from '$lib/api.ts'
import { deletion } from '$lib/deletion.ts'
import { field } from '$lib/server/action.ts'
import { identity, wordsOf, type IdentityAnswer } from '$lib/server/identity.ts'
import { passkeysOf } from '$lib/features/account/passkeys.ts'
import { sessionsOf } from '$lib/features/account/sessions.ts'
import { signInHref } from '$lib/session.ts'
import type { Actions, PageServerLoad } from './$types'

export const load: PageServerLoad = async (event) => {
  const { locals, url } = event
  if (locals.me === null) redirect(303, signInHref(url))
  const [listed, current, passkeys] = await Promise.all([
    identity(event, '/list-sessions'),
    identity(event, '/get-session'),
    identity(event, '/passkey/list-user-passkeys'),
  ])
  return {
    user: locals.me.user,
    orgs: locals.me.orgs,
    theme: locals.theme,
    zone: locals.zone,
    nowMs: Date.now(),
    passkeys: passkeys.ok ? passkeysOf(passkeys.body) : null,
    sessions: listed.ok && current.ok ? sessionsOf(listed.body, current.body) : null,
  }
}

/** Sends a form's fields to an identity endpoint; `section` tells the page where to show what came of it. */
async function act(event: RequestEvent, section: string, path: string, names: readonly string[], done: string) {
  const form = await event.request.formData()
  const text = (name: string) => String(form.get(name) ?? '')
  const answer = await identity(event, path, Object.fromEntries(names.map((name) => [name, text(name)])))
  return answer.ok ? { section, done, body: answer.body } : refused(section, answer)
}

const refused = (section: string, answer: IdentityAnswer & { ok: false }) =>
  fail(answer.status, { section, error: wordsOf(answer) })

export const actions: Actions = {
  delete: async ({ request, fetch, cookies }) => {
    try {
      await deletion(api(fetch)).account(field(await request.formData(), 'confirm'))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return fail(error.status, { section: 'delete', error: error.problem.detail })
    }
    for (const { name } of cookies.getAll())
      if (/agentops\.session_/.test(name)) cookies.delete(name, { path: '/', secure: name.startsWith('__Secure-') })
    redirect(303, '/sign-in?deleted')
  },
  rename: (event) => act(event, 'profile', '/update-user', ['name'], 'Your name is changed.'),
  verify: async (event) => {
    const answer = await identity(event, '/send-verification-email', { email: event.locals.me?.user.email ?? '' })
    return answer.ok
      ? { section: 'profile', done: 'A mail is on its way to you.', body: null }
      : refused('profile', answer)
  },
  password: async (event) => {
    const form = await event.request.formData()
    const answer = await identity(event, '/change-password', {
      currentPassword: String(form.get('currentPassword') ?? ''),
      newPassword: String(form.get('newPassword') ?? ''),
      revokeOtherSessions: true,
    })
    return answer.ok
      ? { section: 'password', done: 'Your password is changed, and your other sessions have ended.', body: null }
      : refused('password', answer)
  },
  enable: (event) => act(event, 'factor', '/two-factor/enable', ['password'], ''),
  confirm: async (event) => {
    const code = field(await event.request.formData(), 'code').replaceAll(' ', '')
    const answer = await identity(event, '/two-factor/verify-totp', { code })
    return answer.ok
      ? { section: 'factor', done: 'The second factor is on. You are asked for it at every sign-in.', body: null }
      : refused('factor', answer)
  },
  disable: (event) => act(event, 'factor', '/two-factor/disable', ['password'], 'The second factor is off.'),
  forget: (event) => act(event, 'passkeys', '/passkey/delete-passkey', ['id'], 'The passkey is removed.'),
  revoke: (event) => act(event, 'sessions', '/revoke-session', ['token'], 'The session has ended.'),
  others: (event) => act(event, 'sessions', '/revoke-other-sessions', [], 'All other sessions have ended.'),
}
