import type { Cell } from '../../contract/tenant.ts'
import type { RetainedProject } from '../../services/retention/enforce.ts'

/** Projects of one shard that keep something for a while only; those whose organization moves are left alone. */
export async function retainedProjects(
  control: D1Database,
  data: D1Database,
  cell: Cell,
  shard: number,
): Promise<RetainedProject[]> {
  const [found, moving] = await Promise.all([
    control
      .prepare(
        `SELECT p.id, p.org_id AS orgId, p.events_days, p.traces_days, p.metrics_days, p.archive_days
         FROM organization o JOIN project p ON p.org_id = o.id WHERE o.cell = ?1 AND o.shard = ?2
         AND coalesce(p.events_days, p.traces_days, p.metrics_days, p.archive_days) IS NOT NULL`,
      )
      .bind(cell, shard)
      .all<RetainedProject>(),
    data.prepare('SELECT org_id FROM moving').all<{ org_id: string }>(),
  ])
  const away = new Set(moving.results.map((row) => row.org_id))
  return found.results.filter(({ orgId }) => !away.has(orgId))
}
