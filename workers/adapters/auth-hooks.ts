import type { GenericEndpointContext } from 'better-auth'
import { APIError, createAuthMiddleware, getSessionFromCtx } from 'better-auth/api'
import type { SignInFailures } from './d1/sign-in-failures.ts'

/** What a person did with their account, for the audit logs of their organizations. */
export interface AccountEvent {
  id: string
  at_ms: number
  action: string
  user: { id: string; name: string; email: string }
  headers: Headers
}

/** Tells audit logs of accounts; an event that has begun is told or dropped, or known to be cut short. */
export interface AccountAudit {
  begin(event: AccountEvent): Promise<void>
  tell(event: AccountEvent): Promise<void>
  drop(event: AccountEvent): Promise<void>
}

const SIGN_IN = '/sign-in/email'
/** Endpoints that change an account, and what the audit log calls it. */
const ACTIONS: Record<string, string> = {
  [SIGN_IN]: 'session.create',
  '/two-factor/verify-totp': 'session.verify',
  '/two-factor/verify-backup-code': 'session.recover',
  '/passkey/verify-authentication': 'session.create_by_passkey',
  '/passkey/verify-registration': 'account.passkey_add',
  '/passkey/delete-passkey': 'account.passkey_remove',
  '/sso/callback': 'session.create_by_sso',
  '/sign-out': 'session.end',
  '/revoke-session': 'session.revoke',
  '/revoke-sessions': 'session.revoke',
  '/revoke-other-sessions': 'session.revoke',
  '/change-password': 'account.password',
  '/update-user': 'account.update',
  '/two-factor/enable': 'account.two_factor_begin',
  '/two-factor/disable': 'account.two_factor_off',
}

/** Whoever asks for these is known only when their session is made. */
const SIGN_INS = [SIGN_IN, '/passkey/verify-authentication', '/sso/callback']

type Context = Pick<GenericEndpointContext, 'path' | 'request' | 'headers'>

/** What happens now. */
export function accountEvent(action: string, user: AccountEvent['user'], headers?: Headers): AccountEvent {
  const { id, name, email } = user
  const who = { id, name, email }
  return { id: crypto.randomUUID(), at_ms: Date.now(), action, user: who, headers: headers ?? new Headers() }
}

/**
 * Guards sign-in by account, and tells of what was done with accounts. The event begins before the endpoint, or for a
 * sign-in, whose person nobody knows earlier, before its session is written. Our hook is the first to run after the
 * endpoint, and does not run when that fails otherwise than by a refusal: then the event stays as cut short.
 * A password's reset is known to better-auth's callback alone, which comes after the change.
 */
export function authHooks(failures: SignInFailures, audit: AccountAudit) {
  // By request: better-auth gives each hook another context.
  const begun = new WeakMap<Request, AccountEvent>()
  const begin = async ({ path, request, headers }: Context, user: AccountEvent['user']) => {
    const action = ACTIONS[path]
    if (action === undefined || request === undefined || begun.has(request)) return
    const event = accountEvent(action, user, headers)
    begun.set(request, event)
    await audit.begin(event)
  }
  const before = createAuthMiddleware(async (ctx) => {
    const email = emailOf(ctx.path, ctx.body)
    const wait = email === null ? 0 : await failures.waitSeconds(email)
    if (wait > 0)
      throw new APIError(
        'TOO_MANY_REQUESTS',
        { code: 'TOO_MANY_FAILURES', message: `Too many wrong passwords for this account. Wait ${wait} s.` },
        { 'retry-after': String(wait) },
      )
    if (ACTIONS[ctx.path] === undefined || SIGN_INS.includes(ctx.path)) return
    // Not from the cookie: what is found is kept for the endpoint, which may ask for more than the cookie proves.
    const session = await getSessionFromCtx(ctx, { disableCookieCache: true })
    if (session !== null) await begin(ctx, session.user)
  })
  const after = createAuthMiddleware(async (ctx) => {
    const { returned, newSession, session } = ctx.context
    // A redirect is thrown as well.
    const refused = returned instanceof APIError && returned.statusCode >= 400
    const email = emailOf(ctx.path, ctx.body)
    if (email !== null) await (refused ? failures.failed(email) : failures.succeeded(email))
    const event = ctx.request && begun.get(ctx.request)
    // Of a failure nobody knows what it changed.
    if (refused && event !== undefined && returned.statusCode < 500) await audit.drop(event)
    const action = ACTIONS[ctx.path]
    const user = newSession?.user ?? event?.user ?? session?.user
    if (refused || action === undefined || user === undefined) return
    await audit.tell({ ...(event ?? accountEvent(action, user, ctx.headers)), user })
  })
  const beforeSession = async ({ userId }: { userId: string }, ctx: GenericEndpointContext | null) => {
    if (ctx === null || ACTIONS[ctx.path] === undefined) return
    const user = await ctx.context.internalAdapter.findUserById(userId)
    if (user !== null) await begin(ctx, user)
  }
  return { hooks: { before, after }, databaseHooks: { session: { create: { before: beforeSession } } } }
}

function emailOf(path: string, body: unknown): string | null {
  if (path !== SIGN_IN || body === null || typeof body !== 'object' || !('email' in body)) return null
  return typeof body.email === 'string' ? body.email : null
}
