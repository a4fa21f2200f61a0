import { betterAuth } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { drizzle } from 'drizzle-orm/d1'
import { account, session, user, verification } from './d1/control-schema.ts'

const SESSION_SECONDS = 14 * 86_400
const PASSWORD_CHARS_MIN = 10

/**
 * Identity on the control database; one instance per isolate and origin. Sign-ins and sign-ups are limited by address
 * and minute. Passwords are scrypt (N 16384, r 16).
 */
export function makeAuth(db: D1Database, secret: string, baseURL: string, triesPerMinute: number) {
  return betterAuth({
    database: drizzleAdapter(drizzle(db), { provider: 'sqlite', schema: { user, session, account, verification } }),
    secret,
    baseURL,
    basePath: '/api/auth',
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true, minPasswordLength: PASSWORD_CHARS_MIN, maxPasswordLength: 128 },
    session: { expiresIn: SESSION_SECONDS, cookieCache: { enabled: true, maxAge: 60 } },
    rateLimit: {
      enabled: true,
      window: 60,
      max: 600,
      customRules: {
        '/sign-in/email': { window: 60, max: triesPerMinute },
        '/sign-up/email': { window: 60, max: triesPerMinute },
      },
    },
    advanced: {
      cookiePrefix: 'agentops',
      useSecureCookies: baseURL.startsWith('https:'),
      defaultCookieAttributes: { sameSite: 'lax', httpOnly: true },
    },
    logger: { level: 'error' },
  })
}

export type Auth = ReturnType<typeof makeAuth>
