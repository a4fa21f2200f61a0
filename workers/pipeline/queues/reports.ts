import { ReportTask } from '../../contract/report.ts'
import type { Cell } from '../../contract/tenant.ts'
import type { SendDeps } from '../../services/report/port.ts'
import { sendReport } from '../../services/report/send.ts'
import type { IngestDeps } from './ingest.ts'

export interface ReportsDeps {
  cell: Cell
  send: SendDeps
  log: IngestDeps['log']
}

/** Makes and sends reports. What fails here is begun anew by the cron, once its turn has run out. */
export async function handleReports(queue: MessageBatch<unknown>, deps: ReportsDeps): Promise<void> {
  for (const message of queue.messages) {
    const task = ReportTask.safeParse(message.body)
    if (!task.success || task.data.cell !== deps.cell) deps.log('error', 'report.poison', { message_id: message.id })
    else {
      const { org_id, report_id } = task.data
      await sendReport(deps.send, task.data).catch((error: unknown) =>
        deps.log('error', 'report.failed', { org_id, report_id, error: String(error) }),
      )
    }
    message.ack()
  }
}
