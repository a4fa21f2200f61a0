import type { Cell } from '../contract/tenant.ts'
import { CELLS } from '../contract/tenant.ts'
import { runCron } from './crons/index.ts'
import { deadDeps, ingestDeps, type Env } from './deps.ts'
import { notifyDeps } from './deps-alerts.ts'
import { reportsDeps } from './deps-reports.ts'
import { handleDeadBatch } from './queues/dead.ts'
import { handleIngest } from './queues/ingest.ts'
import { handleNotify } from './queues/notify.ts'
import { handleReports } from './queues/reports.ts'

export { LiveFeed } from './objects/live-feed.ts'
export { OrgAlerts } from './objects/org-alerts.ts'
export { OrgJobs } from './objects/org-jobs.ts'
export { OrgMove } from './objects/org-move.ts'
export { TenantAudit } from './objects/tenant-audit.ts'
export { TenantBudget } from './objects/tenant-budget.ts'
export { Operations } from './operations.ts'

export default {
  async queue(batch, env) {
    const cell = cellOfQueue(batch.queue)
    if (batch.queue.startsWith('agentops-dead-')) await handleDeadBatch(batch, deadDeps(env, cell))
    else if (batch.queue.startsWith('agentops-notify-')) await handleNotify(batch, notifyDeps(env, cell))
    else if (batch.queue.startsWith('agentops-reports-')) await handleReports(batch, reportsDeps(env, cell))
    else await handleIngest(batch, ingestDeps(env, cell))
  },
  async scheduled(controller, env) {
    await runCron(controller, env)
  },
} satisfies ExportedHandler<Env>

function cellOfQueue(queue: string): Cell {
  const cell = CELLS.find((name) => queue.endsWith(`-${name}`))
  if (cell === undefined) throw new Error(`queue ${queue} belongs to no cell`)
  return cell
}
