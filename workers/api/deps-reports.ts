import { cellFor, shardOf } from '../adapters/cells.ts'
import { memberStore } from '../adapters/d1/member-store.ts'
import { reportStore } from '../adapters/d1/report-store.ts'
import { dashboardNames } from '../adapters/dashboards.ts'
import { sha256Hex } from '../adapters/hash.ts'
import { readPass } from '../domain/report/pass.ts'
import { SHARDS, type Tenant } from '../contract/tenant.ts'
import type { Reader, ReportDeps } from '../services/report/port.ts'
import type { Env } from './env.ts'

export interface ReportingDeps {
  reports: ReportDeps
  /** Whose rights a report's pass gives, and in which organization; null when it is not good. */
  bearer(pass: string): Promise<{ orgId: string; person: Reader } | null>
}

export function reportingDeps(
  env: Env,
  origin: string,
  now: () => number,
  random: ReportDeps['random'],
): ReportingDeps {
  const shard = (tenant: Tenant) => shardOf(env, tenant)
  const store = reportStore(shard)
  const members = memberStore(env.CONTROL)
  return {
    reports: {
      store,
      members: (orgId) => members.members(orgId),
      dashboard: dashboardNames(shard),
      async enqueue(task) {
        await cellFor(env, task.cell).reports.send(task)
      },
      origin,
      now,
      random,
    },
    async bearer(text) {
      const pass = readPass(text)
      if (pass === null || pass.tenant.shard >= SHARDS[pass.tenant.cell]) return null
      const { tenant, reportId, secret } = pass
      const ownerId = await store.owner(tenant, reportId, sha256Hex(secret), now())
      const person = ownerId === null ? null : await members.member(tenant.org_id, ownerId)
      return person && { orgId: tenant.org_id, person }
    },
  }
}
