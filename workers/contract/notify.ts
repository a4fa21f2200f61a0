import * as z from 'zod'
import type { Tenant } from './tenant.ts'

/** Where notifications go, and what became of each. */

const NAME_CHARS_MAX = 120
const URL_CHARS_MAX = 2000
const KEY_CHARS_MAX = 200
const ADDRESSES_MAX = 20

const url = z.url({ protocol: /^https?$/ }).max(URL_CHARS_MAX)

export const ChannelSettings = z.discriminatedUnion('type', [
  z.object({ type: z.literal('email'), to: z.array(z.email().max(320)).min(1).max(ADDRESSES_MAX) }),
  z.object({ type: z.literal('slack'), url: url.meta({ description: 'An incoming webhook of Slack' }) }),
  z.object({
    type: z.literal('pagerduty'),
    routing_key: z.string().min(1).max(KEY_CHARS_MAX).meta({ description: 'Of an Events API v2 integration' }),
  }),
  z.object({ type: z.literal('webhook'), url: url.meta({ description: 'Signed after Standard Webhooks' }) }),
])
export type ChannelSettings = z.infer<typeof ChannelSettings>

export const ChannelCreate = z.object({
  name: z.string().trim().min(1).max(NAME_CHARS_MAX),
  settings: ChannelSettings,
  enabled: z.boolean().default(true),
})
export type ChannelCreate = z.infer<typeof ChannelCreate>

/** The type stays; settings are given whole, since what is secret in them is never shown. */
export const ChannelUpdate = z.object({
  name: ChannelCreate.shape.name.optional(),
  settings: ChannelSettings.optional(),
  enabled: z.boolean().optional(),
})
export type ChannelUpdate = z.infer<typeof ChannelUpdate>

export const Channel = z.object({
  id: z.string(),
  name: z.string(),
  type: z.enum(['email', 'slack', 'pagerduty', 'webhook']),
  target: z.string().meta({ description: 'Addresses, or the host and the end of a secret' }),
  enabled: z.boolean(),
  health: z
    .enum(['unused', 'ok', 'failing', 'dead'])
    .meta({ description: 'Failing: the last try went wrong. Dead: a notification was given up' }),
  last_sent_at: z.string().nullable(),
  last_error: z.string().nullable(),
  created_at: z.string(),
})
export type Channel = z.infer<typeof Channel>

/** A channel just made; a webhook's signing secret is shown this once. */
export const ChannelMade = Channel.extend({ signing_secret: z.string().nullable() })
export type ChannelMade = z.infer<typeof ChannelMade>

/** What a notification tells. */
export const NOTICES = [
  'opened',
  'severity_raised',
  'escalated',
  'resolved',
  'no_data',
  'test',
  'channel_dead',
] as const
export type Notice = (typeof NOTICES)[number]

export const DELIVERY_STATES = ['pending', 'sent', 'dead'] as const

export const Delivery = z.object({
  id: z.string(),
  channel_id: z.string(),
  channel_name: z.string(),
  incident_id: z.string().nullable(),
  notice: z.enum(NOTICES),
  summary: z.string(),
  state: z.enum(DELIVERY_STATES),
  attempts: z.number().int(),
  next_attempt_at: z.string().nullable(),
  status_code: z.number().int().nullable(),
  error: z.string().nullable(),
  created_at: z.string(),
  sent_at: z.string().nullable(),
})
export type Delivery = z.infer<typeof Delivery>

/** What is told, whoever is told: rendered for each kind of channel where it is sent. */
export interface Message {
  notice: Notice
  /** The same for all that is told of one incident. */
  incident_id: string | null
  severity: 'warning' | 'critical' | null
  title: string
  /** Sentences, with numbers and units. */
  lines: string[]
  /** Facts by name: rule, groups, value, since. */
  facts: Record<string, string>
  /** Where to look; a path of the dashboard, or null. */
  path: string | null
  runbook_url: string | null
  at_ms: number
}

/** What a webhook gets, signed after Standard Webhooks. */
export const WebhookBody = z.object({
  type: z.string().meta({
    description:
      '`test`, or `alert.` and what happened: opened, severity_raised, escalated, resolved, no_data, channel_dead',
  }),
  timestamp: z.string(),
  data: z.object({
    incident_id: z.string().nullable().meta({ description: 'The same for all that is told of one incident' }),
    severity: z.enum(['warning', 'critical']).nullable(),
    title: z.string(),
    details: z.array(z.string()),
    facts: z.record(z.string(), z.string()),
    url: z.string().nullable(),
    runbook_url: z.string().nullable(),
  }),
})
export type WebhookBody = z.infer<typeof WebhookBody>

/** On the queue: which delivery of which organization. What it says lies in OrgAlerts. */
export const NotifyTask = z.object({
  v: z.literal(1),
  org_id: z.string().min(1),
  cell: z.enum(['global', 'eu', 'us']),
  shard: z.number().int().min(0),
  delivery_id: z.string().min(1),
})
export type NotifyTask = z.infer<typeof NotifyTask>

/** A delivery that a consumer has taken, until its lease ends. */
export interface TakenDelivery {
  id: string
  attempt: number
  /** `owners`: the people who own the organization, where no channel is left. */
  settings: ChannelSettings | { type: 'owners' }
  /** Of a webhook: base64 after `whsec_`; two while an old one still holds, the newest first. */
  signing_secrets: string[]
  message: Message
  /** Where the dashboard is, without a slash at its end; null until somebody has come that way. */
  origin: string | null
}

export type DeliveryResult =
  | { ok: true; status_code: number | null }
  | {
      ok: false
      status_code: number | null
      /** In words, without anything secret and nothing of what was answered. */
      error: string
      /** Whether another try may help, and how long the receiver wants us to wait. */
      again: boolean
      retry_after_s: number | null
      /** The receiver wants nothing any more. */
      gone: boolean
    }

export const CHANNELS_MAX = 50

/** Of OrgAlerts, what the api calls about channels. `origin` is where the caller sees the dashboard. */
export interface ChannelsRpc {
  channels(): Promise<Channel[]>
  /** Null when there are CHANNELS_MAX already. */
  createChannel(
    tenant: Tenant,
    origin: string,
    id: string,
    secret: string | null,
    input: ChannelCreate,
  ): Promise<Channel | null>
  updateChannel(id: string, change: ChannelUpdate): Promise<Channel | null>
  /** Both secrets sign until the old one ends. Null for one that does not exist or signs nothing. */
  rotateSecret(id: string, secret: string): Promise<Channel | null>
  /** Takes it out of the rules that name it. */
  removeChannel(id: string): Promise<boolean>
  /** Sends a test message; null for a channel that does not exist. */
  testChannel(tenant: Tenant, origin: string, id: string, deliveryId: string): Promise<Delivery | null>
  /** Newest first. */
  deliveries(filter: {
    channel_id: string | null
    state: Delivery['state'] | null
    cursor: string | null
    limit: number
  }): Promise<{ data: Delivery[]; next_cursor: string | null }>
  /** Sends a dead one again; null for one that does not exist or is not dead. */
  retryDelivery(id: string): Promise<Delivery | null>
}

/** Of OrgAlerts, what the consumer of the notification queue calls. */
export interface DeliveriesRpc {
  /** Null when it was sent, given up, is taken by another consumer, or waits for an earlier one of its incident. */
  takeDelivery(id: string): Promise<TakenDelivery | null>
  /** Seconds until the next try, or null when there is none. */
  settleDelivery(id: string, attempt: number, result: DeliveryResult): Promise<number | null>
}
