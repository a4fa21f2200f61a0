import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { Channel, ChannelCreate, ChannelMade, ChannelUpdate, Delivery, DELIVERY_STATES } from '../../contract/notify.ts'
import {
  createChannel,
  removeChannel,
  retryDelivery,
  rotateChannelSecret,
  testChannel,
  updateChannel,
} from '../../services/notify/channels.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const ChannelParam = OrgParam.extend({ channel: z.string().min(1).max(100) })
const DeliveryParam = OrgParam.extend({ delivery: z.string().min(1).max(100) })
const tag = 'Alerts'
const LIMIT_MAX = 200

/** Where alerts are told, and what became of each message. */
export function channelRoutes(app: App): void {
  channels(app)
  channelActions(app)
  deliveries(app)
}

function channels(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/channels',
    tag,
    summary: 'Channels, without what is secret in them',
    permission: 'channel.read',
    params: OrgParam,
    answer: Page(Channel),
    handle: async ({ who, deps }) => ({ data: await deps.channels.of(tenantOf(who)).channels(), next_cursor: null }),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/channels',
    tag,
    summary: 'Make a channel; the signing secret of a webhook is shown this once',
    permission: 'channel.write',
    action: 'channel.create',
    params: OrgParam,
    body: ChannelCreate,
    status: 201,
    answer: ChannelMade,
    async handle({ who, deps, body, changed }) {
      const made = await createChannel(deps.channels, tenantOf(who), body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/channels/{channel}',
    tag,
    summary: 'Change a channel; settings are given whole',
    permission: 'channel.write',
    action: 'channel.update',
    params: ChannelParam,
    body: ChannelUpdate,
    answer: Channel,
    async handle({ who, deps, params, body, changed }) {
      const { before, after } = await updateChannel(deps.channels, tenantOf(who), params.channel, body)
      changed({ target: targetOf(after), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/channels/{channel}',
    tag,
    summary: 'Remove a channel, also from the rules that name it',
    permission: 'channel.write',
    action: 'channel.remove',
    params: ChannelParam,
    answer: Channel,
    async handle({ who, deps, params, changed }) {
      const removed = await removeChannel(deps.channels, tenantOf(who), params.channel)
      changed({ target: targetOf(removed), before: factsOf(removed) })
      return removed
    },
  })
}

function channelActions(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/channels/{channel}/test',
    tag,
    summary: 'Send a test; what becomes of it stands in the deliveries',
    permission: 'channel.write',
    action: 'channel.test',
    params: ChannelParam,
    answer: Delivery,
    async handle({ who, deps, params, changed }) {
      const sent = await testChannel(deps.channels, tenantOf(who), params.channel)
      changed({ target: { type: 'channel', id: sent.channel_id, label: sent.channel_name } })
      return sent
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/channels/{channel}/rotate-secret',
    tag,
    summary: 'A new signing secret, shown this once; the old one signs besides for 24 hours',
    permission: 'channel.write',
    action: 'channel.rotate_secret',
    params: ChannelParam,
    answer: ChannelMade,
    async handle({ who, deps, params, changed }) {
      const made = await rotateChannelSecret(deps.channels, tenantOf(who), params.channel)
      changed({ target: targetOf(made) })
      return made
    },
  })
}

function deliveries(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/deliveries',
    tag,
    summary: 'Each message to each channel, newest first; `state=dead` are those that were given up',
    permission: 'channel.read',
    params: OrgParam,
    query: z.object({
      channel_id: z.string().max(100).optional(),
      state: z.enum(DELIVERY_STATES).optional(),
      cursor: z
        .string()
        .regex(/^\d{1,15}$/, 'must be the next_cursor of an answer')
        .optional(),
      limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(50),
    }),
    answer: Page(Delivery),
    handle: ({ who, deps, query }) =>
      deps.channels.of(tenantOf(who)).deliveries({
        channel_id: query.channel_id ?? null,
        state: query.state ?? null,
        cursor: query.cursor ?? null,
        limit: query.limit,
      }),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/deliveries/{delivery}/retry',
    tag,
    summary: 'Send a message again that was given up',
    permission: 'channel.write',
    action: 'delivery.retry',
    params: DeliveryParam,
    answer: Delivery,
    async handle({ who, deps, params, changed }) {
      const again = await retryDelivery(deps.channels, tenantOf(who), params.delivery)
      changed({ target: { type: 'delivery', id: again.id, label: again.channel_name } })
      return again
    },
  })
}

const targetOf = ({ id, name }: Channel) => ({ type: 'channel', id, label: name })

/** Addresses of people and ends of secrets are not for the audit log, which cannot be changed. */
const factsOf = ({ name, type, enabled }: Channel) => ({ name, type, enabled })
