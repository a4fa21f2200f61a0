import type { ReportTiming } from '../../contract/report.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { ReportRow } from '../../domain/report/report.ts'
import type { Param } from '../../domain/saved-view.ts'
import { isTimeZone } from '../../domain/time-zone.ts'
import type { ReportStore } from '../../services/report/port.ts'
import { unlessMoving } from './moving-shard.ts'

interface Row {
  id: string
  name: string
  owner_id: string
  page: string | null
  dashboard_id: string | null
  params: string
  weekday: number | null
  month_day: number | null
  hour: number
  zone: string
  format: string
  recipients: string
  origin: string
  paused: string | null
  next_ms: number | null
  asked_ms: number | null
  turn: number
  taken: number
  attempts: number
  mailing: number
  last_ms: number | null
  last_outcome: string | null
  last_detail: string | null
  created_ms: number
  updated_ms: number
  version: number
}

const IS_DUE = '(asked_ms IS NOT NULL OR mailing = 1 OR next_ms <= ?3)'

/** Scheduled reports, in the data shard of their organization. */
export function reportStore(shardOf: (tenant: Tenant) => D1Database): ReportStore {
  return { ...kept(shardOf), ...turns(shardOf) }
}

/** Of a shard, what is to be done, longest due first; of no organization that is held still. */
export async function dueReports(db: D1Database, nowMs: number, max: number): Promise<{ orgId: string; id: string }[]> {
  const found = await db
    .prepare(
      `SELECT org_id AS orgId, id FROM report
       WHERE wake_ms <= ?1 AND org_id NOT IN (SELECT org_id FROM moving WHERE commits_held = 1)
       ORDER BY wake_ms LIMIT ?2`,
    )
    .bind(nowMs, max)
    .all<{ orgId: string; id: string }>()
  return found.results
}

type Kept = 'list' | 'find' | 'add' | 'replace' | 'remove' | 'removeRecipient' | 'forgetPerson'

function kept(shardOf: (tenant: Tenant) => D1Database): Pick<ReportStore, Kept> {
  return {
    async list(tenant) {
      const found = await shardOf(tenant)
        .prepare('SELECT * FROM report WHERE org_id = ?1 ORDER BY created_ms DESC, id DESC')
        .bind(tenant.org_id)
        .all<Row>()
      return found.results.map(reportOf)
    },
    async find(tenant, id) {
      const sql = 'SELECT * FROM report WHERE org_id = ?1 AND id = ?2'
      const row = await shardOf(tenant).prepare(sql).bind(tenant.org_id, id).first<Row>()
      return row && reportOf(row)
    },
    add: (tenant, row, max) =>
      changes(
        shardOf(tenant)
          .prepare(
            `INSERT INTO report (org_id, id, name, owner_id, page, dashboard_id, params, weekday, month_day, hour, zone,
               format, recipients, origin, next_ms, wake_ms, created_ms, updated_ms, version)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15, ?16, ?16, 1
             WHERE (SELECT count(*) FROM report WHERE org_id = ?1) < ?17`,
          )
          .bind(tenant.org_id, row.id, row.name, row.ownerId, ...contentOf(row), row.nextMs, row.createdMs, max),
      ),
    // What is under way goes on, and ends by itself; what waits to be tried again is given up.
    replace: (tenant, row) =>
      changes(
        shardOf(tenant)
          .prepare(
            `UPDATE report SET name = ?4, page = ?5, dashboard_id = ?6, params = ?7, weekday = ?8, month_day = ?9,
               hour = ?10, zone = ?11, format = ?12, recipients = ?13, origin = ?14, next_ms = ?15, paused = ?16,
               updated_ms = ?17, version = version + 1, attempts = CASE WHEN taken = 1 THEN attempts ELSE 0 END,
               wake_ms = CASE WHEN taken = 1 OR asked_ms IS NOT NULL THEN wake_ms ELSE ?15 END
             WHERE org_id = ?1 AND id = ?2 AND version = ?3`,
          )
          .bind(
            ...[tenant.org_id, row.id, row.version, row.name, ...contentOf(row)],
            ...[row.nextMs, row.paused, row.updatedMs],
          ),
      ),
    remove: (tenant, id, version) =>
      changes(
        shardOf(tenant)
          .prepare('DELETE FROM report WHERE org_id = ?1 AND id = ?2 AND version = ?3')
          .bind(tenant.org_id, id, version),
      ),
    async removeRecipient(tenant, id, userId) {
      await changes(
        shardOf(tenant)
          .prepare(`UPDATE report SET ${WITHOUT} WHERE org_id = ?1 AND id = ?3`)
          .bind(tenant.org_id, userId, id),
      )
    },
    async forgetPerson(tenant, userId) {
      const db = shardOf(tenant)
      const run = (sql: string) => db.prepare(sql).bind(tenant.org_id, userId)
      await unlessMoving(() =>
        db.batch([
          run('DELETE FROM report WHERE org_id = ?1 AND owner_id = ?2'),
          run(`UPDATE report SET ${WITHOUT} WHERE org_id = ?1 AND instr(recipients, ?2) > 0`),
        ]),
      )
    },
  }
}

/** Takes the account ?2 off the recipients. */
const WITHOUT = `version = version + 1,
  recipients = (SELECT json_group_array(value) FROM json_each(recipients) WHERE value <> ?2)`

function turns(shardOf: (tenant: Tenant) => D1Database): Omit<ReportStore, Kept> {
  const of = (tenant: Tenant, id: string, sql: string, ...values: (string | number | null)[]) =>
    shardOf(tenant)
      .prepare(sql)
      .bind(tenant.org_id, id, ...values)
  const turnOf = async (statement: D1PreparedStatement) =>
    (await unlessMoving(() => statement.first<{ turn: number; is_due: number }>())) ?? null
  return {
    async ask(tenant, id, { nowMs, wakeMs, sinceMs }) {
      const sql = `UPDATE report SET asked_ms = ?3, turn = turn + 1, attempts = 0, wake_ms = ?4
        WHERE org_id = ?1 AND id = ?2 AND asked_ms IS NULL AND taken = 0 AND (last_ms IS NULL OR last_ms <= ?5)
        RETURNING turn, 1 AS is_due`
      return (await turnOf(of(tenant, id, sql, nowMs, wakeMs, sinceMs)))?.turn ?? null
    },
    async begin(tenant, id, { nowMs, wakeMs }) {
      const sql = `UPDATE report SET turn = turn + 1, taken = 0, wake_ms = CASE WHEN ${IS_DUE} THEN ?4 ELSE next_ms END
        WHERE org_id = ?1 AND id = ?2 AND wake_ms <= ?3 RETURNING turn, ${IS_DUE} AS is_due`
      const begun = await turnOf(of(tenant, id, sql, nowMs, wakeMs))
      return begun?.is_due === 1 ? begun.turn : null
    },
    async take(tenant, { id, turn }, { nowMs, wakeMs }) {
      const sql = `UPDATE report SET taken = 1, attempts = attempts + 1, wake_ms = ?4
        WHERE org_id = ?1 AND id = ?2 AND turn = ?5 AND taken = 0 AND ${IS_DUE} RETURNING *`
      const row = await unlessMoving(() => of(tenant, id, sql, nowMs, wakeMs, turn).first<Row>())
      return row && reportOf(row)
    },
    issue: (tenant, { id, turn }, hash, untilMs) =>
      changes(
        of(tenant, id, `UPDATE report SET pass_hash = ?4, pass_until_ms = ?5 WHERE ${UNDER_WAY}`, turn, hash, untilMs),
      ),
    mail: (tenant, { id, turn }) =>
      changes(
        of(tenant, id, `UPDATE report SET mailing = 1, pass_hash = NULL WHERE ${UNDER_WAY} AND mailing = 0`, turn),
      ),
    async retry(tenant, { id, turn }, wakeMs, detail, nowMs) {
      const sql = `UPDATE report SET taken = 0, pass_hash = NULL, wake_ms = ?4, last_ms = ?6, last_outcome = 'failed',
        last_detail = ?5 WHERE ${UNDER_WAY}`
      await changes(of(tenant, id, sql, turn, wakeMs, detail, nowMs))
    },
    async settle(tenant, { id, turn }, { last, nextMs, paused, version }) {
      // What a person has said meanwhile holds.
      const sql = `UPDATE report SET taken = 0, attempts = 0, mailing = 0, asked_ms = NULL, pass_hash = NULL,
          last_ms = ?4, last_outcome = ?5, last_detail = ?6,
          next_ms = CASE WHEN version = ?7 THEN ?8 ELSE next_ms END,
          wake_ms = CASE WHEN version = ?7 THEN ?8 ELSE next_ms END,
          paused = CASE WHEN version = ?7 THEN ?9 ELSE paused END
        WHERE ${UNDER_WAY}`
      await changes(of(tenant, id, sql, turn, last.atMs, last.outcome, last.detail, version, nextMs, paused))
    },
    async owner(tenant, id, hash, nowMs) {
      const sql = `SELECT owner_id FROM report
        WHERE org_id = ?1 AND id = ?2 AND pass_hash = ?3 AND pass_until_ms > ?4 AND taken = 1`
      return (await of(tenant, id, sql, hash, nowMs).first<{ owner_id: string }>())?.owner_id ?? null
    },
  }
}

const UNDER_WAY = 'org_id = ?1 AND id = ?2 AND turn = ?3 AND taken = 1'

async function changes(statement: D1PreparedStatement): Promise<boolean> {
  return (await unlessMoving(() => statement.run())).meta.changes > 0
}

/** Values in the order of the columns from `page` to `origin`. */
function contentOf({ shown, timing, zone, format, recipients, origin }: ReportRow): (string | number | null)[] {
  return [
    'page' in shown ? shown.page : null,
    'dashboardId' in shown ? shown.dashboardId : null,
    JSON.stringify(shown.params),
    timing.every === 'week' ? timing.weekday : null,
    timing.every === 'month' ? timing.day : null,
    timing.hour,
    zone,
    format,
    JSON.stringify(recipients),
    origin,
  ]
}

/** A report as it was kept. An erasure may have taken a word from it that is also somebody's id. */
function reportOf(row: Row): ReportRow {
  const params = JSON.parse(row.params) as Param[]
  return {
    id: row.id,
    name: row.name,
    ownerId: row.owner_id,
    shown: row.dashboard_id === null ? { page: row.page ?? '', params } : { dashboardId: row.dashboard_id, params },
    timing: timingOf(row),
    zone: isTimeZone(row.zone) ? row.zone : 'UTC',
    format: row.format === 'png' ? 'png' : 'pdf',
    recipients: JSON.parse(row.recipients) as string[],
    origin: row.origin,
    paused: row.paused,
    nextMs: row.next_ms,
    askedMs: row.asked_ms,
    turn: row.turn,
    taken: row.taken === 1,
    attempts: row.attempts,
    mailing: row.mailing === 1,
    last:
      row.last_ms === null
        ? null
        : { atMs: row.last_ms, outcome: row.last_outcome === 'sent' ? 'sent' : 'failed', detail: row.last_detail },
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    version: row.version,
  }
}

function timingOf({ weekday, month_day, hour }: Row): ReportTiming {
  if (weekday !== null) return { every: 'week', weekday, hour }
  return month_day === null ? { every: 'day', hour } : { every: 'month', day: month_day, hour }
}
