import { shardOf as shardIn } from '../../workers/adapters/cells.ts'
import { dueReports, reportStore } from '../../workers/adapters/d1/report-store.ts'
import type { ReportTask } from '../../workers/contract/report.ts'
import type { Cell, ProjectTenant, Tenant } from '../../workers/contract/tenant.ts'
import type { ReportRow } from '../../workers/domain/report/report.ts'
import { reportsDeps } from '../../workers/pipeline/deps-reports.ts'
import type { Mail } from '../../workers/services/member/store.ts'
import { wakeReports } from '../../workers/services/report/due.ts'
import type { Renderer, SendDeps } from '../../workers/services/report/port.ts'
import { sendReport } from '../../workers/services/report/send.ts'
import { livingTenant, real } from './moving.ts'
import type { Resident } from './residents.ts'

export const shardOf = (tenant: Tenant) => shardIn(real, tenant)
export const store = reportStore(shardOf)
export const PDF = new TextEncoder().encode('%PDF-1.4 numbers')
export const DUE_MS = Date.parse('2026-11-30T08:00:00Z')
export const NEXT_MS = Date.parse('2026-12-07T08:00:00Z')

const placeOf = ({ org_id, cell, shard }: Tenant): Tenant => ({ org_id, cell, shard })

export interface World {
  tenant: ProjectTenant
  place: Tenant
  row: ReportRow
  owner: string
  deps: SendDeps
  mails: Mail[]
  drawn: Parameters<Renderer['render']>[0][]
  told: { action: string; after?: unknown }[]
  now: number
  /** Runs the cron, and then whoever listens to the queue. */
  pass(): Promise<void>
  begin(): Promise<ReportTask[]>
  found(): Promise<ReportRow>
}

/** A person who is a member of an organization. */
export async function member(orgId: string, role: string): Promise<string> {
  const id = `usr_${crypto.randomUUID().slice(0, 12)}`
  await real.CONTROL.batch([
    real.CONTROL.prepare(
      `INSERT INTO user (id, name, email, email_verified, created_at, updated_at) VALUES (?1, 'Ann', ?1 || '@example.com', 1, 1, 1)`,
    ).bind(id),
    real.CONTROL.prepare(`INSERT INTO member (org_id, user_id, role, created_ms) VALUES (?1, ?2, ?3, 1)`).bind(
      orgId,
      id,
      role,
    ),
  ])
  return id
}

/** A report that is due at 09:00 in Berlin on a Monday, and what makes it; the clock stands at that moment. */
export async function world(more: Partial<ReportRow> = {}, cell: Cell = 'eu'): Promise<World> {
  const tenant = await livingTenant(cell)
  const place = placeOf(tenant)
  const owner = await member(tenant.org_id, 'developer')
  const row: ReportRow = {
    id: `rpt_${crypto.randomUUID().slice(0, 8).replaceAll('-', '')}`,
    name: 'Weekly',
    ownerId: owner,
    shown: { page: 'operations', params: [['range', '7d']] },
    timing: { every: 'week', weekday: 1, hour: 9 },
    zone: 'Europe/Berlin',
    format: 'pdf',
    recipients: [owner],
    origin: 'https://ops.acme.io',
    paused: null,
    nextMs: DUE_MS,
    ...{ askedMs: null, turn: 0, taken: false, attempts: 0, mailing: false, last: null },
    ...{ createdMs: 1, updatedMs: 1, version: 1 },
    ...more,
  }
  await store.add(place, row, 9)
  const it: World = {
    ...{ tenant, place, row, owner, mails: [], drawn: [], told: [], now: DUE_MS },
    deps: {
      ...reportsDeps(real, cell).send,
      now: () => it.now,
      renderer: { render: async (page) => (it.drawn.push(page), PDF) },
      sendMail: async (mail) => void it.mails.push(mail),
      audit: async (_, record) => void it.told.push(record),
    },
    async begin() {
      const tasks: ReportTask[] = []
      // Other tests' reports may be due in this shard too.
      const due = async (nowMs: number) =>
        (await dueReports(shardOf(place), nowMs, 10_000)).filter(({ orgId }) => orgId === place.org_id)
      const enqueue = async (task: ReportTask) => void tasks.push(task)
      await wakeReports({ cell, shard: place.shard, due, store, enqueue }, it.now)
      return tasks
    },
    async pass() {
      for (const task of await it.begin()) await sendReport(it.deps, task)
    },
    async found() {
      const found = await store.find(place, row.id)
      if (found === null) throw new Error('the report is gone')
      return found
    },
  }
  return it
}

/** A report that is due, of a view whose filters name what agents say. */
export async function dueReport({ tenant, mark }: Resident): Promise<string> {
  const id = `rpt_${crypto.randomUUID().slice(0, 8)}`
  await shardOf(tenant)
    .prepare(
      `INSERT INTO report (org_id, id, name, owner_id, page, params, hour, zone, format, recipients, origin, next_ms,
         wake_ms, created_ms, updated_ms, version)
       VALUES (?1, ?2, ?3, 'usr_1', 'finance', ?4, 9, 'UTC', 'pdf', '["usr_1"]', 'https://ops.acme.io', 1, 1, 1, 1, 1)`,
    )
    .bind(tenant.org_id, id, mark, JSON.stringify([['user_id', mark]]))
    .run()
  return id
}
