import {
  CHANNELS_MAX,
  type Channel,
  type ChannelCreate,
  type ChannelUpdate,
  type Delivery,
} from '../../../contract/notify.ts'
import { testMessage } from '../../../domain/notify/message.ts'
import { channelView, type ChannelRows } from './channel-rows.ts'
import { deliveryView, type DeliveryRows } from './delivery-rows.ts'
import type { Notifier } from './notifier.ts'
import type { RuleRows } from './rule-rows.ts'
import type { SloRows } from './slo-rows.ts'

/** A receiver has this long to take over a new signing secret. */
const OVERLAP_MS = 24 * 3_600_000

export interface ChannelTables {
  channels: ChannelRows
  deliveries: DeliveryRows
  rules: RuleRows
  slos: SloRows
}

/** What people do with the channels of one organization. */
export class Channels {
  private readonly rows: ChannelRows
  private readonly tables: ChannelTables
  private readonly notifier: Notifier

  constructor(tables: ChannelTables, notifier: Notifier) {
    this.rows = tables.channels
    this.tables = tables
    this.notifier = notifier
  }

  ids(): string[] {
    return this.rows.all().map(({ id }) => id)
  }

  list(): Channel[] {
    return this.rows.all().map(channelView)
  }

  create(id: string, secret: string | null, input: ChannelCreate, nowMs: number): Channel | null {
    if (this.rows.all().length >= CHANNELS_MAX) return null
    const made = {
      id,
      ...input,
      secret,
      old_secret: null,
      old_until_ms: null,
      health: 'unused' as const,
      deaths: 0,
      last_sent_ms: null,
      last_error: null,
      created_ms: nowMs,
    }
    this.rows.put(made)
    return channelView(made)
  }

  /** One that was dead and is changed gets another chance. */
  update(id: string, { name, settings, enabled }: ChannelUpdate): Channel | null {
    const before = this.rows.find(id)
    if (before === null) return null
    const isMended = settings !== undefined || (enabled === true && !before.enabled)
    const after = {
      ...before,
      name: name ?? before.name,
      settings: settings ?? before.settings,
      enabled: enabled ?? before.enabled,
      ...(isMended && before.health === 'dead' && { health: 'unused' as const, last_error: null }),
    }
    this.rows.put(after)
    return channelView(after)
  }

  rotate(id: string, secret: string, nowMs: number): Channel | null {
    const before = this.rows.find(id)
    if (before?.settings.type !== 'webhook') return null
    this.rows.put({ ...before, secret, old_secret: before.secret, old_until_ms: nowMs + OVERLAP_MS })
    return channelView(before)
  }

  /** Also from the rules and objectives that name it. */
  remove(id: string, nowMs: number): boolean {
    const without = (ids: readonly string[]) => ids.filter((one) => one !== id)
    for (const rule of this.tables.rules.all()) {
      const { channels, escalation } = rule.config
      if (!channels.includes(id) && escalation?.channels.includes(id) !== true) continue
      const left = without(escalation?.channels ?? [])
      const config = {
        ...rule.config,
        channels: without(channels),
        escalation: escalation === null || left.length === 0 ? null : { ...escalation, channels: left },
      }
      this.tables.rules.put({ ...rule, config, updated_ms: nowMs })
    }
    for (const slo of this.tables.slos.all())
      if (slo.config.channels.includes(id))
        this.tables.slos.put({ ...slo, config: { ...slo.config, channels: without(slo.config.channels) } })
    return this.rows.remove(id)
  }

  test(id: string, deliveryId: string, orgId: string, nowMs: number): Delivery | null {
    const channel = this.rows.find(id)
    if (channel === null) return null
    const message = testMessage(channel.name, orgId, nowMs)
    return deliveryView(this.notifier.add(channel, message, `test ${deliveryId}`, nowMs, deliveryId))
  }

  retry(id: string, nowMs: number): Delivery | null {
    const again = this.notifier.retry(id, nowMs)
    return again && deliveryView(again)
  }

  deliveries(filter: {
    channel_id: string | null
    state: Delivery['state'] | null
    cursor: string | null
    limit: number
  }): { data: Delivery[]; next_cursor: string | null } {
    const { cursor, ...rest } = filter
    const { deliveries, next } = this.tables.deliveries.page({
      ...rest,
      before: cursor === null ? null : Number(cursor),
    })
    return { data: deliveries.map(deliveryView), next_cursor: next === null ? null : String(next) }
  }
}
