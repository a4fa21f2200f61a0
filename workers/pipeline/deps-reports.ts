import { cellFor, shardOf } from '../adapters/cells.ts'
import { controlStore } from '../adapters/d1/control-store.ts'
import { memberStore } from '../adapters/d1/member-store.ts'
import { dueReports, reportStore } from '../adapters/d1/report-store.ts'
import { dashboardNames } from '../adapters/dashboards.ts'
import { sha256Hex } from '../adapters/hash.ts'
import { mailSender } from '../adapters/mail.ts'
import { httpRenderer } from '../adapters/renderer.ts'
import type { ReportTask } from '../contract/report.ts'
import type { Cell, Tenant } from '../contract/tenant.ts'
import type { DueDeps } from '../services/report/due.ts'
import type { SendDeps } from '../services/report/port.ts'
import type { Env } from './deps.ts'
import { tellAudit } from './deps-audit.ts'
import { log } from './log.ts'
import type { ReportsDeps } from './queues/reports.ts'

/** What begins reports that are due, in one shard. */
export function dueDeps(env: Env, cell: Cell, shard: number): DueDeps {
  const stores = cellFor(env, cell)
  return {
    cell,
    shard,
    due: (nowMs, max) => dueReports(stores.shard(shard), nowMs, max),
    store: reportStore((tenant) => shardOf(env, tenant)),
    async enqueue(task: ReportTask) {
      await stores.reports.send(task)
    },
  }
}

/** What the consumer of one cell's reports needs. */
export function reportsDeps(env: Env, cell: Cell): ReportsDeps {
  return { cell, send: sendDeps(env, cell), log: log(env.LOG_LEVEL) }
}

function sendDeps(env: Env, cell: Cell): SendDeps {
  const now = () => Date.now()
  const shard = (tenant: Tenant) => shardOf(env, tenant)
  const { renderer } = cellFor(env, cell)
  const members = memberStore(env.CONTROL)
  const control = controlStore(env.CONTROL)
  return {
    store: reportStore(shard),
    members: (orgId) => members.members(orgId),
    dashboard: dashboardNames(shard),
    async access(userId, org) {
      const access = await control.access(userId, { org })
      return access && { role: access.role, org: access.org, projects: access.projects.length }
    },
    sha256: sha256Hex,
    renderer: renderer === '' ? null : httpRenderer(renderer, env.RENDERER_TOKEN ?? '', (...args) => fetch(...args)),
    sendMail: mailSender(env, now),
    audit: (tenant, record) => tellAudit(env, tenant, record),
    now,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  }
}
