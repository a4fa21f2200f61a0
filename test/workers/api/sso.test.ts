import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Me, Member, SsoConnection } from '../../../workers/contract/api.ts'
import type { AuditItem } from '../../../workers/contract/audit.ts'
import { call, cookiesOf, makeTenant, nobody, ORIGIN, signUp, type Caller, type TestTenant } from '../../support/api.ts'
import { openidProvider } from '../../support/openid-provider.ts'

const ISSUER = 'https://login.nova-labs.dev'
const DOMAIN = 'nova-labs.dev'
const SECRET = 'the-secret-of-the-client'
let tenant: TestTenant
let provider: Awaited<ReturnType<typeof openidProvider>>
const path = (rest = '') => `/api/v1/orgs/${tenant.org.id}/sso${rest}`
const input = { domain: DOMAIN, issuer: ISSUER, client_id: 'agentops', client_secret: SECRET, role: 'finance' }
const set = (body: object, by: Caller = tenant.owner) => call(by, 'POST', path(), body)

beforeAll(async () => {
  provider = await openidProvider(ISSUER, 'agentops', SECRET)
  vi.stubGlobal('fetch', provider.fetch)
  tenant = await makeTenant('eu')
})
beforeEach(() =>
  Object.assign(provider.bend, { issuer: ISSUER, audience: 'agentops', key: 'own', expiresIn: '5m', redirect: false }),
)
afterAll(() => void vi.unstubAllGlobals())

interface Try {
  email: string
  claims?: object
  next?: string
  /** What the browser sends of the cookie that was set at the start. */
  cookie?: (cookie: string) => string
  query?: (query: { state: string; code: string }) => Record<string, string>
}

/** From the address to where the browser ends up. */
async function signIn({ email, claims = {}, next = '/x/overview', cookie = (c) => c, query = (q) => q }: Try) {
  const begun = await call(nobody, 'POST', '/api/auth/sso/start', { email, next }, { origin: ORIGIN })
  if (begun.status !== 200) return { status: begun.status, to: '', caller: nobody }
  const { url } = await begun.json<{ url: string }>()
  const back = provider.authorize(url, { sub: `sub-${email}`, email, email_verified: true, name: 'Ida', ...claims })
  const search = new URLSearchParams(query(back)).toString()
  const ended = await call({ headers: { cookie: cookie(cookiesOf(begun)) } }, 'GET', `/api/auth/sso/callback?${search}`)
  const to = ended.headers.get('location') ?? ''
  return {
    status: ended.status,
    to: decodeURIComponent(to.replace(ORIGIN, '')),
    caller: { headers: { cookie: cookiesOf(ended) } },
  }
}

describe('setting single sign-on up', () => {
  it.each([
    ['http', { issuer: 'http://login.nova-labs.dev' }],
    ['an address', { issuer: 'https://10.0.0.8' }],
    ['an address, written otherwise', { issuer: 'https://0x7f.1' }],
    ['IPv6', { issuer: 'https://[::1]' }],
    ['an inner name', { issuer: 'https://vault.internal' }],
    ['another port', { issuer: 'https://login.nova-labs.dev:8443' }],
    ['credentials', { issuer: 'https://a:b@login.nova-labs.dev' }],
    ['a mail provider', { domain: 'gmail.com' }],
    ['no domain', { domain: 'localhost' }],
    ['the role of an owner', { role: 'owner' }],
  ])('refuses %s', async (_, bent) => {
    const before = provider.asked.length
    expect((await set({ ...input, ...bent })).status).toBe(422)
    expect(provider.asked).toHaveLength(before)
  })

  it('refuses a provider that is another, that redirects, or that is not there', async () => {
    provider.bend.issuer = 'https://evil.example.org'
    expect((await set(input)).status).toBe(422)
    Object.assign(provider.bend, { issuer: ISSUER, redirect: true })
    expect((await set(input)).status).toBe(422)
    provider.bend.redirect = false
    expect((await set({ ...input, issuer: 'https://nobody.nova-labs.dev' })).status).toBe(422)
  })

  it('needs the proof of the domain, and shows no secret', async () => {
    const made = await (await set(input)).json<SsoConnection>()
    expect(made).toMatchObject({ verified_at: null, dns_name: `_agentops.${DOMAIN}` })
    expect((await signIn({ email: `ida@${DOMAIN}` })).status).toBe(404)
    expect((await call(tenant.owner, 'POST', path('/verify'))).status).toBe(409)
    provider.txt.set(made.dns_name, 'agentops-verify=guessed')
    expect((await call(tenant.owner, 'POST', path('/verify'))).status).toBe(409)
    provider.txt.set(made.dns_name, made.dns_value)
    expect((await call(tenant.owner, 'POST', path('/verify'))).status).toBe(200)
    const log = await (await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?action=sso.`)).text()
    const shown = await (await call(tenant.owner, 'GET', path())).text()
    for (const text of [log, shown]) expect(text).not.toContain(SECRET)
  })

  it('gives a domain to one organization', async () => {
    const other = await makeTenant('eu')
    const at = `/api/v1/orgs/${other.org.id}/sso`
    const made = await (await call(other.owner, 'POST', at, input)).json<SsoConnection>()
    provider.txt.set(made.dns_name, made.dns_value)
    expect((await call(other.owner, 'POST', `${at}/verify`)).status).toBe(409)
  })
})

describe('signing in', () => {
  it('makes an account and a member at the first time, and finds both the next', async () => {
    const email = `ida@${DOMAIN}`
    const first = await signIn({ email })
    expect([first.status, first.to]).toEqual([302, '/x/overview'])
    const me = await (await call(first.caller, 'GET', '/api/v1/me')).json<Me>()
    expect(me.user).toMatchObject({ email, email_verified: true, name: 'Ida' })
    expect(me.orgs).toMatchObject([{ id: tenant.org.id, role: 'finance' }])
    await signIn({ email })
    const { data } = await (
      await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/members`)
    ).json<{ data: Member[] }>()
    expect(data.filter((member) => member.email === email)).toHaveLength(1)
    const log = await (
      await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?actor=${me.user.id}`)
    ).json<{ data: AuditItem[] }>()
    expect(log.data.map(({ action }) => action).sort()).toEqual([
      'member.join_by_sso',
      'session.create_by_sso',
      'session.create_by_sso',
    ])
  })

  it('takes an account from whoever made it without owning the address', async () => {
    const email = `squatted-${Date.now()}@${DOMAIN}`
    const squatter = await call(
      nobody,
      'POST',
      '/api/auth/sign-up/email',
      { name: 'Mallory', email, password: 'a password of hers' },
      { origin: ORIGIN },
    )
    expect(squatter.status).toBe(200)
    expect((await signIn({ email })).to).toBe('/x/overview')
    const again = await call(
      nobody,
      'POST',
      '/api/auth/sign-in/email',
      { email, password: 'a password of hers' },
      { origin: ORIGIN },
    )
    expect(again.status).toBe(401)
    const stale = { headers: { cookie: cookiesOf(squatter).replace(/agentops\.session_data=[^;]*;? ?/, '') } }
    expect((await call(stale, 'GET', '/api/v1/me')).status).toBe(401)
  })

  const email = `eve@${DOMAIN}`
  it.each<[string, Partial<Try>, (() => void)?]>([
    ['an address of another domain', { claims: { email: 'eve@elsewhere.dev' } }],
    ['an address that the provider did not verify', { claims: { email_verified: false } }],
    ['a nonce of another sign-in', { claims: { nonce: 'replayed' } }],
    ['a token that somebody else signed', {}, () => (provider.bend.key = 'stranger')],
    ['a token for another client', {}, () => (provider.bend.audience = 'another')],
    ['a token that has expired', {}, () => (provider.bend.expiresIn = '-10m')],
    ['a browser that did not begin it', { cookie: () => '' }],
    ['a state that was made up', { query: (q) => ({ ...q, state: 'x'.repeat(43) }) }],
    ['a code that was made up', { query: (q) => ({ ...q, code: 'x' }) }],
    ['no code', { query: ({ state }) => ({ state }) }],
  ])('refuses %s', async (_, bent, bend) => {
    bend?.()
    const ended = await signIn({ email, ...bent })
    expect(ended.to).toMatch(/^\/sso\?problem=/)
    expect((await call(ended.caller, 'GET', '/api/v1/me')).status).toBe(401)
  })

  it('uses a state once', async () => {
    let used: Record<string, string> = {}
    let kept = ''
    const ok = await signIn({ email, cookie: (c) => (kept = c), query: (q) => (used = q) })
    expect(ok.to).toBe('/x/overview')
    const again = await call(
      { headers: { cookie: kept } },
      'GET',
      `/api/auth/sso/callback?${new URLSearchParams(used).toString()}`,
    )
    expect(again.headers.get('location')).toContain('/sso?problem=')
  })

  it('says so when the provider cannot be asked', async () => {
    provider.bend.redirect = true
    expect((await signIn({ email })).status).toBe(502)
  })

  it('leads nowhere else afterwards', async () => {
    const ended = await signIn({ email, next: '//evil.example.org/' })
    expect(ended.to).toBe('/')
  })

  it('is over when it is removed; members stay', async () => {
    const person = await signUp()
    expect((await set(input, person)).status).toBe(404)
    expect((await call(tenant.owner, 'DELETE', path())).status).toBe(200)
    expect((await signIn({ email })).status).toBe(404)
  })
})
