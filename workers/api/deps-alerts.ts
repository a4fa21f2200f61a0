import { alertSource } from '../adapters/alert-source.ts'
import { cellFor, shardOf } from '../adapters/cells.ts'
import type { Tenant } from '../contract/tenant.ts'
import type { AlertDeps } from '../services/alert/port.ts'
import type { MetricsStore } from '../services/metrics/port.ts'
import type { ChannelDeps } from '../services/notify/channels.ts'
import type { SloDeps } from '../services/slo/port.ts'
import type { Env } from './env.ts'

export interface WatchDeps {
  alerts: AlertDeps
  channels: ChannelDeps
  slos: SloDeps
}

/** What watches an organization, and tells: one object of its cell. */
export function watchDeps(
  env: Env,
  origin: string,
  metrics: MetricsStore,
  now: () => number,
  random: AlertDeps['random'],
): WatchDeps {
  const of = ({ org_id, cell }: Tenant) => cellFor(env, cell).object(env.ORG_ALERTS, org_id)
  const budget = ({ org_id, cell }: Tenant) => cellFor(env, cell).object(env.TENANT_BUDGET, org_id)
  const alerts: AlertDeps = {
    of,
    budgetIds: async (tenant) => (await budget(tenant).budgets()).map(({ id }) => id),
    source: alertSource({ control: env.CONTROL, shard: (tenant) => shardOf(env, tenant), budget, now }),
    now,
    random,
  }
  return {
    alerts,
    channels: { of, origin, loopback: env.APP_ENV === 'dev', now, random },
    slos: { of, alerts, budgets: budget, metrics, now, random },
  }
}
