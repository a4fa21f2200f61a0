import { createMessageBatch, evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { cellFor } from '../../workers/adapters/cells.ts'
import { RuleCreate, type AlertsRpc } from '../../workers/contract/alert.ts'
import type { SealableRpc } from '../../workers/contract/move.ts'
import {
  ChannelCreate,
  type ChannelsRpc,
  type DeliveriesRpc,
  type DeliveryResult,
  type TakenDelivery,
} from '../../workers/contract/notify.ts'
import { handleNotify } from '../../workers/pipeline/queues/notify.ts'
import { envelopeOf, makeBatch } from './batches.ts'
import { heldQueues, livingTenant, real } from './moving.ts'

type Rpc = AlertsRpc & ChannelsRpc & DeliveriesRpc & SealableRpc
export const MINUTE_MS = 60_000

/** An organization whose agents send requests, whose rules are judged, and whose messages a test delivers. */
export async function watchedOrg(pass: (ms: number) => void) {
  const tenant = await livingTenant('global')
  const stores = cellFor(real, tenant.cell)
  const stub = () => stores.object(real.ORG_ALERTS, tenant.org_id)
  const rpc = () => stub() as unknown as Rpc
  const queues = heldQueues()
  const sent: { taken: TakenDelivery; at_ms: number }[] = []
  let serial = 0
  const world = {
    tenant,
    rpc,
    sent,
    answers: [] as DeliveryResult[],
    evict: () => evictDurableObject(stub()),
    async rule(input: object) {
      const made = RuleCreate.parse(input)
      const rule = await rpc().createRule(tenant, `rul_${tenant.org_id}_${serial++}`, 'UTC', made)
      if (rule === null) throw new Error('no rule')
      return rule
    },
    channel: (name: string) =>
      rpc().createChannel(
        tenant,
        'https://ops.acme.io',
        `chn_${name}`,
        'whsec_AAAA',
        ChannelCreate.parse({ name, settings: { type: 'webhook', url: 'https://hooks.acme.io/x' } }),
      ),
    /** Requests of the last minute. */
    async requests(good: number, failed: number) {
      const event = (status: 'ok' | 'error') => ({
        event_type: 'agent.request.completed' as const,
        timestamp: Date.now() - MINUTE_MS,
        trace_id: `t${tenant.org_id}${serial++}`,
        span_id: 's',
        workflow_id: 'refund',
        agent_id: 'bot',
        status,
        ...(status === 'error' && { error_type: 'timeout' }),
      })
      const events = [
        ...Array.from({ length: good }, () => event('ok')),
        ...Array.from({ length: failed }, () => event('error')),
      ]
      await queues.deliver(tenant.cell, [envelopeOf(makeBatch(tenant, events))])
    },
    /** The next evaluation, whenever it is due. */
    async evaluate(minutes = 2) {
      pass(minutes * MINUTE_MS)
      await runDurableObjectAlarm(stub())
    },
    /** Delivers each pending message so many times. */
    async deliver(times = 1) {
      const { data } = await rpc().deliveries({ channel_id: null, state: 'pending', cursor: null, limit: 100 })
      const messages = data.toReversed().flatMap(({ id }) =>
        Array.from({ length: times }, (_, i) => ({
          id: `${id}${i}`,
          timestamp: new Date(),
          attempts: 1,
          body: { v: 1, org_id: tenant.org_id, cell: tenant.cell, shard: tenant.shard, delivery_id: id },
        })),
      )
      if (messages.length === 0) return
      const batch = createMessageBatch('agentops-notify-global', messages)
      await handleNotify(batch, {
        cell: tenant.cell,
        alerts: () => rpc(),
        send: (_, taken) => {
          sent.push({ taken, at_ms: Date.now() })
          return Promise.resolve(world.answers.shift() ?? { ok: true, status_code: 200 })
        },
        log: () => {},
      })
    },
  }
  return world
}

export const failing = (again: boolean): DeliveryResult => ({
  ok: false,
  status_code: 500,
  error: 'hooks.acme.io answered 500.',
  again,
  retry_after_s: null,
  gone: false,
})
export const success = (channels: string[], more: object = {}) => ({
  name: 'Success rate',
  preset: 'success_rate',
  condition: {
    type: 'threshold',
    watch: { measure: 'success_rate' },
    window_minutes: 5,
    direction: 'below',
    warning: 0.95,
    critical: 0.5,
  },
  channels,
  ...more,
})
