import { alertSource } from '../adapters/alert-source.ts'
import { cellFor, shardOf } from '../adapters/cells.ts'
import { deletionStore } from '../adapters/d1/deletion-store.ts'
import { mailSender } from '../adapters/mail.ts'
import { sendDelivery } from '../adapters/notify/send.ts'
import type { NotifyTask } from '../contract/notify.ts'
import type { Cell, Tenant } from '../contract/tenant.ts'
import type { AlertSource } from '../services/alert/source.ts'
import type { Env } from './deps.ts'
import { log } from './log.ts'
import type { NotifierTools } from './objects/alerts/notifier.ts'
import type { NotifyDeps } from './queues/notify.ts'

/** What OrgAlerts needs of the world. */
export interface AlertTools extends NotifierTools {
  source: AlertSource
  send(tenant: Tenant, tasks: NotifyTask[]): Promise<void>
  log: ReturnType<typeof log>
}

export function alertTools(env: Env): AlertTools {
  const now = () => Date.now()
  return {
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    source: alertSource({
      control: env.CONTROL,
      shard: (tenant) => shardOf(env, tenant),
      budget: ({ org_id, cell }) => cellFor(env, cell).object(env.TENANT_BUDGET, org_id),
      now,
    }),
    async send({ cell }, tasks) {
      await cellFor(env, cell).notify.sendBatch(tasks.map((body) => ({ body })))
    },
    log: log(env.LOG_LEVEL),
  }
}

/** What the consumer of one cell's notifications needs. */
export function notifyDeps(env: Env, cell: Cell): NotifyDeps {
  const now = () => Date.now()
  const stores = cellFor(env, cell)
  return {
    cell,
    alerts: (orgId) => stores.object(env.ORG_ALERTS, orgId),
    send: (orgId, taken) =>
      sendDelivery(taken, {
        sendMail: mailSender(env, now),
        owners: async () => (await deletionStore(env.CONTROL).ownersOf(orgId)).map(({ email }) => email),
        loopback: env.APP_ENV === 'dev',
        fetch: (...args) => fetch(...args),
        now,
      }),
    log: log(env.LOG_LEVEL),
  }
}
