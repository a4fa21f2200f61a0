import type { DeliveryResult, Message, NotifyTask, TakenDelivery } from '../../../contract/notify.ts'
import type { Tenant } from '../../../contract/tenant.ts'
import type { Telling } from '../../../domain/alert/incident.ts'
import { newId } from '../../../domain/id.ts'
import { deadMessage, messageOf } from '../../../domain/notify/message.ts'
import { retryAfter, TRIES_MAX } from '../../../domain/notify/retry.ts'
import type { ChannelRows, StoredChannel } from './channel-rows.ts'
import type { DeliveryRows, StoredDelivery } from './delivery-rows.ts'

/** A consumer has this long to tell a channel; then another may. */
export const LEASE_MS = 60_000
/** A task that nobody has settled by then is sent to the queue anew: local queues forget when they are killed. */
const LOST_AFTER_MS = 120_000
/** A queue's delay is not exact. */
const EARLY_MS = 2_000
const TASKS_AT_ONCE = 100
const RANDOM_BYTES = 13
const LOST = 'No try came to an end.'
/** The channel of those who own the organization, where no other is left. */
const OWNERS = { id: '', name: 'the owners, by mail' }

export interface NotifierTools {
  random(bytes: number): Uint8Array
}

/** What channels are told: decided in a turn of the object, sent by the queue, settled here. */
export class Notifier {
  private readonly channels: ChannelRows
  private readonly deliveries: DeliveryRows
  private readonly tools: NotifierTools

  constructor(channels: ChannelRows, deliveries: DeliveryRows, tools: NotifierTools) {
    this.channels = channels
    this.deliveries = deliveries
    this.tools = tools
  }

  /** To be called in the turn that decides. A channel that is off, or gone, is told nothing. */
  tell(tellings: readonly Telling[], orgId: string, nowMs: number): void {
    for (const telling of tellings) {
      const message = messageOf(telling, orgId, nowMs)
      for (const id of telling.channels) {
        const channel = this.channels.find(id)
        if (channel?.enabled) this.add(channel, message, telling.key, nowMs)
      }
    }
  }

  /** @param id of the delivery, when somebody waits for it. */
  add(
    channel: { id: string; name: string },
    message: Message,
    key: string,
    nowMs: number,
    id: string = this.newDelivery(nowMs),
  ): StoredDelivery {
    const made: StoredDelivery = {
      id,
      key: `${key} ${channel.id}`,
      channel_id: channel.id,
      channel_name: channel.name,
      incident_id: message.incident_id,
      message,
      state: 'pending',
      attempts: 0,
      next_ms: nowMs,
      lease_ms: null,
      status_code: null,
      error: null,
      created_ms: nowMs,
      sent_ms: null,
    }
    this.deliveries.add(made)
    return made
  }

  take(
    id: string,
    { origin, orgId, nowMs }: { origin: string | null; orgId: string; nowMs: number },
  ): TakenDelivery | null {
    const found = this.deliveries.find(id)
    if (found?.state !== 'pending' || (found.lease_ms ?? 0) > nowMs) return null
    if (this.deliveries.waitsFor(found)) return null
    const isToOwners = found.channel_id === OWNERS.id
    const channel = isToOwners ? null : this.channels.find(found.channel_id)
    if (!isToOwners && channel?.enabled !== true) {
      const error = channel === null ? 'The channel was removed.' : 'The channel was turned off.'
      this.finish({ ...found, state: 'dead', error }, nowMs)
      return null
    }
    if (found.attempts >= TRIES_MAX) {
      // Consumers died with it, one after the other.
      this.finish({ ...found, state: 'dead', error: LOST }, nowMs)
      if (channel) this.died(channel, LOST, { gone: false, orgId, nowMs })
      return null
    }
    const attempts = found.attempts + 1
    this.deliveries.save({ ...found, attempts, lease_ms: nowMs + LEASE_MS, next_ms: nowMs + LOST_AFTER_MS })
    return {
      id,
      attempt: attempts,
      settings: channel?.settings ?? { type: 'owners' },
      signing_secrets: secretsOf(channel, nowMs),
      message: found.message,
      origin,
    }
  }

  /** Seconds until the next try, or null. A result that comes after its lease has ended counts only when it is good. */
  settle(id: string, attempt: number, result: DeliveryResult, orgId: string, nowMs: number): number | null {
    const found = this.deliveries.find(id)
    if (found?.state !== 'pending') return null
    const channel = this.channels.find(found.channel_id)
    if (result.ok) {
      const sent = { ...found, state: 'sent' as const, sent_ms: nowMs, status_code: result.status_code, error: null }
      this.finish(sent, nowMs)
      if (channel) this.channels.put({ ...channel, health: 'ok', last_sent_ms: nowMs, last_error: null })
      return null
    }
    if (attempt !== found.attempts) return null
    const { status_code, error, again, gone, retry_after_s } = result
    const [chance = 0] = this.tools.random(1)
    const delay = again ? retryAfter(attempt, retry_after_s, chance / 256) : null
    if (delay !== null) {
      const due = nowMs + delay * 1000
      this.deliveries.save({ ...found, status_code, error, lease_ms: due - EARLY_MS, next_ms: due + LOST_AFTER_MS })
      if (channel)
        this.channels.put({ ...channel, health: channel.health === 'dead' ? 'dead' : 'failing', last_error: error })
      return delay
    }
    this.finish({ ...found, state: 'dead', status_code, error }, nowMs)
    if (channel) this.died(channel, error, { gone, orgId, nowMs })
    return null
  }

  /** Sends a dead one again, from the first try on. Null for one that does not exist or is not dead. */
  retry(id: string, nowMs: number): StoredDelivery | null {
    const found = this.deliveries.find(id)
    if (found?.state !== 'dead') return null
    const again = { ...found, state: 'pending' as const, attempts: 0, lease_ms: null, next_ms: nowMs }
    this.deliveries.save(again)
    return again
  }

  /** Whether a channel is being told at this moment. */
  isSending(nowMs: number): boolean {
    // A try that waits has a lease as well, that ends nearer to its next.
    return this.deliveries.leased(nowMs, LOST_AFTER_MS - LEASE_MS)
  }

  nextDue(): number | null {
    return this.deliveries.nextDue()
  }

  /** Sends the tasks that are due; one that cannot be sent stays due. */
  async flush(tenant: Tenant, nowMs: number, send: (tasks: NotifyTask[]) => Promise<void>): Promise<void> {
    const due = this.deliveries.due(nowMs, TASKS_AT_ONCE)
    if (due.length === 0) return
    const { org_id, cell, shard } = tenant
    await send(due.map(({ id }) => ({ v: 1, org_id, cell, shard, delivery_id: id })))
    for (const { id, next_ms } of due) {
      const now = this.deliveries.find(id)
      // Meanwhile a consumer may have settled it.
      if (now?.state === 'pending' && now.next_ms === next_ms)
        this.deliveries.save({ ...now, next_ms: nowMs + LOST_AFTER_MS })
    }
  }

  private newDelivery(nowMs: number): string {
    return newId('delivery', nowMs, this.tools.random(RANDOM_BYTES))
  }

  /** What waited for its end goes on. */
  private finish(done: StoredDelivery, nowMs: number): void {
    this.deliveries.save({ ...done, lease_ms: null })
    this.deliveries.release(done, nowMs)
  }

  /** Everybody else is told once that this one is told nothing any more. */
  private died(
    channel: StoredChannel,
    error: string,
    { gone, orgId, nowMs }: { gone: boolean; orgId: string; nowMs: number },
  ): void {
    const isNew = channel.health !== 'dead'
    const deaths = channel.deaths + (isNew ? 1 : 0)
    const enabled = channel.enabled && !gone
    this.channels.put({ ...channel, health: 'dead', enabled, deaths, last_error: error })
    if (!isNew) return
    const others = this.channels.all().filter((one) => one.id !== channel.id && one.enabled && one.health !== 'dead')
    const message = deadMessage(channel.name, error, orgId, nowMs)
    for (const one of others.length > 0 ? others : [OWNERS])
      this.add(one, message, `dead ${channel.id} ${deaths}`, nowMs)
  }
}

function secretsOf(channel: StoredChannel | null, nowMs: number): string[] {
  if (channel === null) return []
  const isOverlap = channel.old_until_ms !== null && channel.old_until_ms > nowMs
  return [channel.secret, isOverlap ? channel.old_secret : null].filter((secret) => secret !== null)
}
