import { NotifyTask, type DeliveriesRpc, type DeliveryResult, type TakenDelivery } from '../../contract/notify.ts'
import type { Cell } from '../../contract/tenant.ts'
import type { IngestDeps } from './ingest.ts'

export interface NotifyDeps {
  cell: Cell
  /** The alerts of an organization of this cell. */
  alerts(orgId: string): DeliveriesRpc
  send(orgId: string, taken: TakenDelivery): Promise<DeliveryResult>
  log: IngestDeps['log']
}

const RETRY_SECONDS = 30

/** Tells channels what OrgAlerts has decided. What a message is worth is decided there: one that comes twice is sent once. */
export async function handleNotify(queue: MessageBatch<unknown>, deps: NotifyDeps): Promise<void> {
  await Promise.all(queue.messages.map((message) => handleOne(message, deps)))
}

async function handleOne(message: Message<unknown>, deps: NotifyDeps): Promise<void> {
  const task = NotifyTask.safeParse(message.body)
  if (!task.success || task.data.cell !== deps.cell) {
    deps.log('error', 'notify.poison', { message_id: message.id })
    return message.ack()
  }
  const { org_id, delivery_id } = task.data
  try {
    const alerts = deps.alerts(org_id)
    const taken = await alerts.takeDelivery(delivery_id)
    if (taken === null) return message.ack()
    const again = await alerts.settleDelivery(delivery_id, taken.attempt, await deps.send(org_id, taken))
    if (again === null) message.ack()
    else message.retry({ delaySeconds: again })
  } catch (error) {
    // Its lease ends by itself, and the object sends the task anew.
    deps.log('warn', 'notify.failed', { org_id, delivery_id, error: String(error) })
    message.retry({ delaySeconds: RETRY_SECONDS })
  }
}
