import { describe, expect, it } from 'vitest'
import type { Me } from '../../../workers/contract/api.ts'
import { call, cookiesOf, nobody, ORIGIN, signUp, type Caller } from '../../support/api.ts'
import { mailTo, tokenFor } from '../../support/members.ts'
import { totp as totpOf } from '../../support/totp.ts'

const from = { origin: ORIGIN }
const me = async (by: Caller) => (await (await call(by, 'GET', '/api/v1/me')).json<Me>()).user
const signIn = (email: string, password: string) =>
  call(nobody, 'POST', '/api/auth/sign-in/email', { email, password }, from)

const totp = (uri: string) => totpOf(new URL(uri).searchParams.get('secret') ?? '')

describe('an address', () => {
  it('is confirmed by the link in the mail', async () => {
    const person = await signUp()
    expect((await me(person)).email_verified).toBe(false)
    expect((await mailTo(person.email)).subject).toContain('Confirm')
    const token = await tokenFor(person.email)
    expect((await call(nobody, 'GET', `/api/auth/verify-email?token=${token}x`)).status).toBe(401)
    expect((await call(nobody, 'GET', `/api/auth/verify-email?token=${token}`)).status).toBe(200)
    const again = await signIn(person.email, person.password)
    expect((await me({ headers: { cookie: cookiesOf(again) } })).email_verified).toBe(true)
  })
})

describe('a forgotten password', () => {
  it('is set anew by the link in the mail, which ends all sessions and works once', async () => {
    const person = await signUp()
    const ask = await call(nobody, 'POST', '/api/auth/request-password-reset', { email: person.email }, from)
    expect(ask.status).toBe(200)
    const token = await tokenFor(person.email)
    const reset = (newPassword: string) =>
      call(nobody, 'POST', '/api/auth/reset-password', { token, newPassword }, from)
    expect((await reset('another good one')).status).toBe(200)
    expect((await reset('a third good one')).status).toBe(400)
    expect((await signIn(person.email, person.password)).status).toBe(401)
    expect((await signIn(person.email, 'another good one')).status).toBe(200)
    const stale: Caller = {
      headers: { cookie: person.headers.cookie?.replace(/agentops\.session_data=[^;]*;? ?/, '') ?? '' },
    }
    expect((await call(stale, 'GET', '/api/v1/me')).status).toBe(401)
  })

  it('does not tell whether there is an account', async () => {
    const { email } = await signUp()
    const answers = await Promise.all(
      [email, 'nobody@example.com'].map(async (to) => {
        const answer = await call(nobody, 'POST', '/api/auth/request-password-reset', { email: to }, from)
        return [answer.status, await answer.text()]
      }),
    )
    expect(answers[0]).toEqual(answers[1])
  })
})

describe('two factors', () => {
  it('are asked for at sign-in once set up: a code of the app, or a recovery code that works once', async () => {
    const person = await signUp()
    const enabled = await call(person, 'POST', '/api/auth/two-factor/enable', { password: person.password }, from)
    const { totpURI, backupCodes } = await enabled.json<{ totpURI: string; backupCodes: string[] }>()
    expect((await me(person)).two_factor_enabled).toBe(false)
    const wrong = await call(person, 'POST', '/api/auth/two-factor/verify-totp', { code: '000000' }, from)
    expect(wrong.status).toBe(401)
    const confirmed = await call(person, 'POST', '/api/auth/two-factor/verify-totp', { code: totp(totpURI) }, from)
    expect(confirmed.status).toBe(200)

    const half = await signIn(person.email, person.password)
    expect(await half.json()).toMatchObject({ twoFactorRedirect: true })
    const waiting: Caller = { headers: { cookie: cookiesOf(half) } }
    expect((await call(waiting, 'GET', '/api/v1/me')).status).toBe(401)
    const whole = await call(waiting, 'POST', '/api/auth/two-factor/verify-totp', { code: totp(totpURI) }, from)
    expect((await me({ headers: { cookie: cookiesOf(whole) } })).two_factor_enabled).toBe(true)

    const code = backupCodes[0] ?? ''
    const recover = async () => {
      const asked = await signIn(person.email, person.password)
      return call(
        { headers: { cookie: cookiesOf(asked) } },
        'POST',
        '/api/auth/two-factor/verify-backup-code',
        { code },
        from,
      )
    }
    expect((await recover()).status).toBe(200)
    expect((await recover()).status).toBe(401)
  })
})

describe('sessions', () => {
  it('are listed, and revoked one by one', async () => {
    const person = await signUp()
    const other = await signIn(person.email, person.password)
    const second: Caller = { headers: { cookie: cookiesOf(other).replace(/agentops\.session_data=[^;]*;? ?/, '') } }
    expect((await call(second, 'GET', '/api/v1/me')).status).toBe(200)
    const sessions = await (await call(person, 'GET', '/api/auth/list-sessions')).json<{ token: string }[]>()
    expect(sessions).toHaveLength(2)
    const { token } = await other.json<{ token: string }>()
    expect((await call(person, 'POST', '/api/auth/revoke-session', { token }, from)).status).toBe(200)
    expect((await call(second, 'GET', '/api/v1/me')).status).toBe(401)
  })
})
