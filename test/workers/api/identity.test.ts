import { describe, expect, it } from 'vitest'
import type { Me } from '../../../workers/contract/api.ts'
import type { AuditItem } from '../../../workers/contract/audit.ts'
import { makeDeps } from '../../../workers/api/deps.ts'
import { bindings, call, cookiesOf, makeTenant, nobody, ORIGIN, signUp, type Caller } from '../../support/api.ts'
import { join, mailTo, tokenFor } from '../../support/members.ts'
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

describe('the token that better-auth answers', () => {
  it('opens nothing: a session is its signed cookie', async () => {
    const email = `tok-${crypto.randomUUID()}@example.com`
    const given = { name: 'Ann', email, password: 'a long enough one' }
    const answer = await call(nobody, 'POST', '/api/auth/sign-up/email', given, from)
    const { token } = await answer.json<{ token: string }>()
    expect(cookiesOf(answer)).toContain(`agentops.session_token=${token}`)
    const tries: Caller['headers'][] = [
      { cookie: `agentops.session_token=${token}` },
      { authorization: `Bearer ${token}` },
    ]
    for (const headers of tries) expect((await call({ headers }, 'GET', '/api/v1/me')).status).toBe(401)
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

describe('guessing passwords', () => {
  it('is stopped by account, from wherever it comes, and the right one is let in before that', async () => {
    const person = await signUp()
    const guess = (ip: string, password: string) =>
      call(
        nobody,
        'POST',
        '/api/auth/sign-in/email',
        { email: person.email, password },
        { ...from, 'cf-connecting-ip': ip },
      )
    for (let i = 0; i < 19; i++) expect((await guess(`198.51.100.${i}`, 'not this one')).status).toBe(401)
    expect((await guess('203.0.113.1', person.password)).status).toBe(200)
    for (let i = 0; i < 20; i++) await guess(`198.51.100.${i}`, 'nor this one')
    const locked = await guess('203.0.113.2', person.password)
    expect(locked.status).toBe(429)
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await signIn((await signUp()).email, 'correct horse battery staple')).status).toBe(200)
  })

  it('is stopped by address, over all isolates', async () => {
    const origin = 'https://guarded.example'
    const { auth } = makeDeps({ ...bindings, APP_ENV: 'production', MAIL_FROM: '' }, origin)
    const attempt = (ip: string) =>
      auth.handler(
        new Request(`${origin}/api/auth/sign-in/email`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin, 'cf-connecting-ip': ip },
          body: JSON.stringify({ email: `${crypto.randomUUID()}@example.com`, password: 'wrong password' }),
        }),
      )
    const statuses: number[] = []
    for (let i = 0; i < 22; i++) statuses.push((await attempt('192.0.2.7')).status)
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401))
    expect(statuses.slice(20)).toEqual([429, 429])
    expect((await attempt('192.0.2.8')).status).toBe(401)
    const kept = await bindings.CONTROL.prepare("SELECT count FROM rate_limit WHERE key LIKE '%192.0.2.7%'").first()
    expect(kept).not.toBeNull()
  })
})

describe('what people do with their account', () => {
  it('is in the audit log of each of their organizations', async () => {
    const [one, two] = [await makeTenant(), await makeTenant('eu')]
    const person = await join(one, 'developer')
    await call(two.owner, 'POST', `/api/v1/orgs/${two.org.id}/invitations`, { email: person.email, role: 'auditor' })
    await call(person, 'POST', '/api/v1/invitations/accept', { token: await tokenFor(person.email) })
    const again = await signIn(person.email, person.password)
    const caller: Caller = { headers: { cookie: cookiesOf(again) } }
    const newPassword = 'an even better one'
    await call(
      caller,
      'POST',
      '/api/auth/change-password',
      { currentPassword: person.password, newPassword },
      { ...from, 'cf-connecting-ip': '203.0.113.9' },
    )
    for (const { owner, org } of [one, two]) {
      const { data } = await (
        await call(owner, 'GET', `/api/v1/orgs/${org.id}/audit?actor=${person.id}`)
      ).json<{ data: AuditItem[] }>()
      expect(data.slice(0, 2).map(({ action }) => action)).toEqual(['account.password', 'session.create'])
      expect(data[0]?.origin?.ip).toBe('203.0.113.9')
      expect(JSON.stringify(data)).not.toContain(newPassword)
    }
  })
})
