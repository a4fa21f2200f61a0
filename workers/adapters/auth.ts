import { passkey as passkeyPlugin } from '@better-auth/passkey'
import { betterAuth } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { twoFactor as twoFactorPlugin } from 'better-auth/plugins/two-factor'
import { drizzle } from 'drizzle-orm/d1'
import type { Mail } from '../services/member/store.ts'
import { accountEvent, authHooks, type AccountAudit } from './auth-hooks.ts'
import { account, passkey, rateLimit, session, twoFactor, user, verification } from './d1/control-schema.ts'
import { signInFailures } from './d1/sign-in-failures.ts'
import { ssoPlugin, type SsoPluginDeps } from './sso/plugin.ts'

const SESSION_SECONDS = 14 * 86_400
const PASSWORD_CHARS_MIN = 10
const RESET_SECONDS = 3600
const VERIFY_SECONDS = 86_400
/** A session that was revoked is refused everywhere after this long at most. */
const CACHE_SECONDS = 60

export interface AuthDeps {
  db: D1Database
  secret: string
  /** Where people reach us, without a slash at its end. */
  origin: string
  triesPerMinute: number
  sendMail: (mail: Mail) => Promise<void>
  audit: AccountAudit
  sso: Omit<SsoPluginDeps, 'origin' | 'secret'>
}

/**
 * Identity on the control database; one instance per isolate and origin. Attempts are limited by address and minute.
 * Passwords are scrypt (N 16384, r 16).
 */
export function makeAuth({ db, secret, origin, triesPerMinute, sendMail, audit, sso }: AuthDeps) {
  const limited = { window: 60, max: triesPerMinute }
  return betterAuth({
    appName: 'AgentOps',
    database: drizzleAdapter(drizzle(db), {
      provider: 'sqlite',
      schema: { user, session, account, verification, twoFactor, passkey, rateLimit },
    }),
    secret,
    baseURL: origin,
    basePath: '/api/auth',
    telemetry: { enabled: false },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: PASSWORD_CHARS_MIN,
      maxPasswordLength: 128,
      resetPasswordTokenExpiresIn: RESET_SECONDS,
      revokeSessionsOnPasswordReset: true,
      onPasswordReset: ({ user: person }, request) =>
        audit.tell(accountEvent('account.password_reset', person, request?.headers)),
      sendResetPassword: ({ user: { email }, token }) =>
        sendMail(resetMail(email, `${origin}/reset-password/${token}`)),
    },
    emailVerification: {
      sendOnSignUp: true,
      expiresIn: VERIFY_SECONDS,
      sendVerificationEmail: ({ user: { email }, token }) =>
        sendMail(verificationMail(email, `${origin}/verify-email/${token}`)),
    },
    session: { expiresIn: SESSION_SECONDS, cookieCache: { enabled: true, maxAge: CACHE_SECONDS } },
    plugins: [
      twoFactorPlugin({ issuer: 'AgentOps' }),
      ssoPlugin({ ...sso, origin, secret }),
      // A passkey is two factors in one: the device, and what unlocks it.
      passkeyPlugin({
        rpID: new URL(origin).hostname,
        rpName: 'AgentOps',
        origin,
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      }),
    ],
    ...authHooks(
      signInFailures(db, () => Date.now()),
      audit,
    ),
    // In the database: an isolate's own memory would let every isolate be tried anew.
    rateLimit: {
      enabled: true,
      storage: 'database',
      window: 60,
      max: 600,
      customRules: {
        '/sign-in/email': limited,
        '/sign-up/email': limited,
        '/request-password-reset': limited,
        '/send-verification-email': limited,
        '/two-factor/*': limited,
        '/sso/*': limited,
        '/passkey/verify-authentication': limited,
      },
    },
    advanced: {
      // Cloudflare sets it; any other header is whatever a client writes.
      ipAddress: { ipAddressHeaders: ['cf-connecting-ip'] },
      cookiePrefix: 'agentops',
      useSecureCookies: origin.startsWith('https:'),
      defaultCookieAttributes: { sameSite: 'lax', httpOnly: true },
    },
    logger: { level: 'error' },
  })
}

export type Auth = ReturnType<typeof makeAuth>

function verificationMail(to: string, link: string): Mail {
  return {
    to,
    subject: 'Confirm your address for AgentOps',
    text: `Welcome to AgentOps. To confirm that this address is yours, open this link within a day:\n\n${link}\n\nIf you did not sign up, do nothing.\n`,
  }
}

function resetMail(to: string, link: string): Mail {
  return {
    to,
    subject: 'Set a new password for AgentOps',
    text: `Somebody, hopefully you, asked to set a new password for this address. To do so, open this link within an hour:\n\n${link}\n\nAll your sessions end when you do. If it was not you, do nothing: your password stays.\n`,
  }
}
