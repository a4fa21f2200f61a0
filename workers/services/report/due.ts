import type { ReportTask } from '../../contract/report.ts'
import type { Cell } from '../../contract/tenant.ts'
import type { ReportStore } from './port.ts'
import { QUEUED_MS } from './times.ts'

/** Of a shard and a minute: what is more waits for the next. */
export const DUE_MAX = 100

export interface DueDeps {
  cell: Cell
  shard: number
  /** Of the shard, longest due first; of no organization that is held still. */
  due(nowMs: number, max: number): Promise<{ orgId: string; id: string }[]>
  store: Pick<ReportStore, 'begin'>
  enqueue(task: ReportTask): Promise<void>
}

/** Begins a turn for what is due. A task that is lost on its way is begun anew later. */
export async function wakeReports(deps: DueDeps, nowMs: number): Promise<{ due: number }> {
  const { cell, shard } = deps
  const found = await deps.due(nowMs, DUE_MAX)
  for (const { orgId, id } of found) {
    const tenant = { org_id: orgId, cell, shard }
    const turn = await deps.store.begin(tenant, id, { nowMs, wakeMs: nowMs + QUEUED_MS })
    if (turn !== null) await deps.enqueue({ ...tenant, report_id: id, turn })
  }
  return { due: found.length }
}
