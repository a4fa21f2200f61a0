import { makeAuth, type Auth } from '../adapters/auth.ts'
import { accountEvent, type AccountAudit, type AccountEvent } from '../adapters/auth-hooks.ts'
import { auditOutbox } from '../adapters/d1/audit-outbox.ts'
import { controlStore } from '../adapters/d1/control-store.ts'
import { ssoStore } from '../adapters/d1/sso-store.ts'
import { mailSender } from '../adapters/mail.ts'
import type { AuditRecord } from '../contract/audit.ts'
import type { Tenant } from '../contract/tenant.ts'
import type { AuditDeps } from '../services/audit/port.ts'
import { fulfil, intend, type Intent, type OutboxDeps } from '../services/audit/outbox.ts'
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
  const auditing: OutboxDeps = { audit, outbox: auditOutbox(env.CONTROL), now }
  const auth = makeAuth({
    db: env.CONTROL,
    secret: env.AUTH_SECRET,
    origin,
    triesPerMinute: env.APP_ENV === 'production' ? TRIES_PER_MINUTE.production : TRIES_PER_MINUTE.local,
    sendMail: mailSender(env, now),
    audit: accountAudit(auditing, (userId) => control.orgsOf(userId)),
    sso: {
      store: ssoStore(env.CONTROL),
      loopback: env.APP_ENV === 'dev',
      now,
      async joined(connection, user) {
        const org = (await control.orgsOf(user.id)).find(({ id }) => id === connection.orgId)
        if (org) await tellOf(auditing, org, accountEvent('member.join_by_sso', user), { role: connection.role })
      },
    },
  })
  auths.set(origin, auth)
  return auth
}

/** What somebody does with their account, for the audit log of each of their organizations. */
function accountAudit(auditing: OutboxDeps, orgsOf: (userId: string) => Promise<OrgRow[]>): AccountAudit {
  return {
    async begin(event) {
      for (const org of await orgsOf(event.user.id))
        await intend(auditing, tenantOf(org), idIn(org, event), intentOf(event))
    },
    async tell(event) {
      for (const org of await orgsOf(event.user.id)) await tellOf(auditing, org, event)
    },
    async drop(event) {
      for (const org of await orgsOf(event.user.id)) await auditing.outbox.remove(org.id, idIn(org, event))
    },
  }
}

async function tellOf(
  auditing: OutboxDeps,
  org: OrgRow,
  event: AccountEvent,
  after: AuditRecord['after'] = null,
): Promise<void> {
  const { id, name, email } = event.user
  const target = { type: 'user', id, label: name, email }
  await fulfil(auditing, tenantOf(org), idIn(org, event), intentOf(event), { target, after })
}

function intentOf({ at_ms, action, user: { id, name, email }, headers }: AccountEvent): Intent {
  return {
    at_ms,
    action,
    actor: { type: 'user', id, label: name, email },
    origin: originOf(headers),
    request_id: headers.get('x-request-id')?.slice(0, 200) ?? crypto.randomUUID(),
  }
}

const tenantOf = ({ id, cell, shard }: OrgRow): Tenant => ({ org_id: id, cell, shard })
/** One event is told in many logs, and their outbox is one table. */
const idIn = (org: OrgRow, event: AccountEvent) => `${event.id}:${org.id}`
