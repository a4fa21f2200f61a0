import type { GenericEndpointContext } from '@better-auth/core'
import { APIError, createAuthEndpoint } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { revokeUnprovenAccountAccess } from 'better-auth/db'
import * as z from 'zod'
import { AppError } from '../../domain/errors.ts'
import { localPath } from '../../domain/public-url.ts'
import type { ConnectionRow, SsoStore } from '../../services/sso/store.ts'
import { discover, identityOf, type Identity } from './oidc.ts'
import { unseal } from './seal.ts'

const MINUTES = 10
const COOKIE = 'agentops.sso_state'
const Pending = z.object({ connection: z.string(), verifier: z.string(), nonce: z.string(), next: z.string() })

export interface SsoPluginDeps {
  store: SsoStore
  origin: string
  secret: string
  loopback: boolean
  now: () => number
  joined: (row: ConnectionRow, user: { id: string; name: string; email: string }) => Promise<void>
}

type Context = GenericEndpointContext

/** Sign-in through an organization's own OpenID provider: authorization code with PKCE, one state per browser. */
export function ssoPlugin(deps: SsoPluginDeps) {
  return {
    id: 'organization-sso',
    endpoints: {
      startSso: createAuthEndpoint(
        '/sso/start',
        { method: 'POST', body: z.object({ email: z.email().max(254), next: z.string().max(2000).default('/') }) },
        async (ctx) => ctx.json({ url: await start(deps, ctx as Context, ctx.body.email, ctx.body.next) }),
      ),
      finishSso: createAuthEndpoint(
        '/sso/callback',
        { method: 'GET', query: z.object({ state: z.string().max(200), code: z.string().max(4000).optional() }) },
        async (ctx) => {
          let next: string
          try {
            next = await finish(deps, ctx as Context, ctx.query.state, ctx.query.code)
          } catch (error) {
            if (!(error instanceof AppError)) throw error
            next = `/sso?problem=${encodeURIComponent(error.detail)}`
          }
          throw ctx.redirect(deps.origin + next)
        },
      ),
    },
  }
}

async function start(deps: SsoPluginDeps, ctx: Context, email: string, next: string): Promise<string> {
  const row = await deps.store.ofDomain(email.slice(email.lastIndexOf('@') + 1).toLowerCase())
  if (row === null) throw new APIError('NOT_FOUND', { code: 'NO_SSO', message: 'No organization signs in this way.' })
  const provider = await discover(row.issuer, deps.loopback).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error
    throw new APIError('BAD_GATEWAY', { code: 'SSO_PROVIDER', message: error.detail })
  })
  const [state, verifier, nonce] = [token(), token(), token()]
  await ctx.context.internalAdapter.createVerificationValue({
    identifier: `sso:${state}`,
    value: JSON.stringify({ connection: row.id, verifier, nonce, next: localPath(next) }),
    expiresAt: new Date(deps.now() + MINUTES * 60_000),
  })
  await ctx.setSignedCookie(COOKIE, state, deps.secret, {
    httpOnly: true,
    sameSite: 'lax',
    secure: deps.origin.startsWith('https:'),
    path: '/',
    maxAge: MINUTES * 60,
  })
  const url = new URL(provider.authorization_endpoint)
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: row.clientId,
    redirect_uri: `${deps.origin}/api/auth/sso/callback`,
    scope: 'openid email profile',
    state,
    nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    login_hint: email,
  }))
    url.searchParams.set(name, value)
  return url.href
}

async function finish(deps: SsoPluginDeps, ctx: Context, state: string, code: string | undefined): Promise<string> {
  const bound = await ctx.getSignedCookie(COOKIE, deps.secret)
  const kept = bound === state ? await ctx.context.internalAdapter.consumeVerificationValue(`sso:${state}`) : null
  if (kept === null) throw refused('This sign-in took too long, or began in another browser. Begin again.')
  const pending = Pending.parse(JSON.parse(kept.value))
  if (code === undefined) throw refused('The provider did not let you in.')
  const row = await deps.store.byId(pending.connection)
  if (row?.verifiedMs == null) throw refused('Single sign-on of this organization was removed.')
  const identity = await identityOf({
    provider: await discover(row.issuer, deps.loopback),
    clientId: row.clientId,
    clientSecret: await unseal(deps.secret, row.clientSecret),
    code,
    verifier: pending.verifier,
    nonce: pending.nonce,
    redirectUri: `${deps.origin}/api/auth/sso/callback`,
    loopback: deps.loopback,
  })
  // A provider speaks for the domain that its organization proved, and for no other.
  if (identity.email.slice(identity.email.lastIndexOf('@') + 1) !== row.domain)
    throw refused(`Only addresses of ${row.domain} sign in this way.`)
  const user = await accountFor(ctx, identity, row)
  const session = await ctx.context.internalAdapter.createSession(user.id)
  await setSessionCookie(ctx, { session, user })
  if (await deps.store.join(row, user.id, deps.now())) await deps.joined(row, user)
  return pending.next
}

/** The account of the address: an old one that never proved it is taken out of the hands of whoever made it. */
async function accountFor(ctx: Context, { subject, email, name }: Identity, row: ConnectionRow) {
  const { internalAdapter } = ctx.context
  const providerId = `sso:${row.id}`
  const found = await internalAdapter.findUserByEmail(email, { includeAccounts: true })
  if (found === null) {
    const user = await internalAdapter.createUser({ email, name, emailVerified: true }, { method: 'sso-oidc' })
    await internalAdapter.linkAccount({ userId: user.id, providerId, accountId: subject })
    return user
  }
  const user = found.user.emailVerified ? found.user : await revokeUnprovenAccountAccess(ctx, found.user.id)
  if (user === null) throw refused('The account is gone. Begin again.')
  if (!found.accounts.some((account) => account.providerId === providerId))
    await internalAdapter.linkAccount({ userId: user.id, providerId, accountId: subject })
  return user
}

const refused = (detail: string) => new AppError('invalid_input', detail)
const token = () => base64url(crypto.getRandomValues(new Uint8Array(32)))
const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
