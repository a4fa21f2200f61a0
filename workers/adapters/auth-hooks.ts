import { APIError, createAuthMiddleware } from 'better-auth/api'
import type { SignInFailures } from './d1/sign-in-failures.ts'

/** What a person did with their account, for the audit logs of their organizations. */
export interface AccountEvent {
  action: string
  user: { id: string; name: string; email: string }
  headers: Headers
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

/** Guards sign-in by account, and tells of what was done with accounts. */
export function authHooks(failures: SignInFailures, tell: (event: AccountEvent) => Promise<void>) {
  return {
    before: createAuthMiddleware(async (ctx) => {
      const email = emailOf(ctx.path, ctx.body)
      const wait = email === null ? 0 : await failures.waitSeconds(email)
      if (wait > 0)
        throw new APIError(
          'TOO_MANY_REQUESTS',
          { code: 'TOO_MANY_FAILURES', message: `Too many wrong passwords for this account. Wait ${wait} s.` },
          { 'retry-after': String(wait) },
        )
    }),
    after: createAuthMiddleware(async (ctx) => {
      const { returned, newSession, session } = ctx.context
      // A redirect is thrown as well.
      const refused = returned instanceof APIError && returned.statusCode >= 400
      const email = emailOf(ctx.path, ctx.body)
      if (email !== null) await (refused ? failures.failed(email) : failures.succeeded(email))
      const action = ACTIONS[ctx.path]
      const user = newSession?.user ?? session?.user
      if (refused || action === undefined || user === undefined) return
      await tell({ action, user, headers: ctx.headers ?? new Headers() })
    }),
  }
}

function emailOf(path: string, body: unknown): string | null {
  if (path !== SIGN_IN || body === null || typeof body !== 'object' || !('email' in body)) return null
  return typeof body.email === 'string' ? body.email : null
}
