import { makeAuth, type Auth } from '../adapters/auth.ts'
import type { AccountEvent } from '../adapters/auth-hooks.ts'
import { controlStore } from '../adapters/d1/control-store.ts'
import { ssoStore } from '../adapters/d1/sso-store.ts'
import { mailSender } from '../adapters/mail.ts'
import type { AuditRecord } from '../contract/audit.ts'
import type { AuditDeps } from '../services/audit/port.ts'
import { record } from '../services/audit/record.ts'
import type { OrgRow } from '../services/tenant/store.ts'
import type { Env } from './env.ts'
import { originOf } from './origin.ts'

const auths = new Map<string, Auth>()
const ORIGINS_MAX = 20
/** Sign-ins and sign-ups from one address. A laptop is one address for everybody on it, tests included. */
const TRIES_PER_MINUTE = { production: 20, local: 2000 }

/** Identity for one origin; kept, since making it costs more than asking it. */
export function authFor(env: Env, origin: string, audit: AuditDeps): Auth {
  const known = auths.get(origin)
  if (known !== undefined) return known
  if (auths.size >= ORIGINS_MAX) auths.clear()
  const now = () => Date.now()
  const control = controlStore(env.CONTROL)
  const auth = makeAuth({
    db: env.CONTROL,
    secret: env.AUTH_SECRET,
    origin,
    triesPerMinute: env.APP_ENV === 'production' ? TRIES_PER_MINUTE.production : TRIES_PER_MINUTE.local,
    sendMail: mailSender(env, now),
    tell: async (event) => {
      for (const org of await control.orgsOf(event.user.id)) await tellOf(audit, org, event, now())
    },
    sso: {
      store: ssoStore(env.CONTROL),
      loopback: env.APP_ENV === 'dev',
      now,
      async joined(connection, user) {
        const org = (await control.orgsOf(user.id)).find(({ id }) => id === connection.orgId)
        const event = { action: 'member.join_by_sso', user, headers: new Headers() }
        if (org) await tellOf(audit, org, event, now(), { role: connection.role })
      },
    },
  })
  auths.set(origin, auth)
  return auth
}

/** Writes what somebody did with their account into the audit log of one of their organizations. */
async function tellOf(
  audit: AuditDeps,
  { id: org_id, cell, shard }: OrgRow,
  { action, user, headers }: AccountEvent,
  at_ms: number,
  after: AuditRecord['after'] = null,
): Promise<void> {
  const { id, name, email } = user
  await record(
    audit,
    { org_id, cell, shard },
    {
      at_ms,
      action,
      actor: { type: 'user', id, label: name, email },
      target: { type: 'user', id, label: name, email },
      after,
      origin: originOf(headers),
      request_id: headers.get('x-request-id')?.slice(0, 200) ?? crypto.randomUUID(),
    },
  )
}
