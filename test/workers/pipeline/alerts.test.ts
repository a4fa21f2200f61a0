import { createMessageBatch, evictDurableObject, getQueueResult, runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { RuleCreate, type AlertsRpc } from '../../../workers/contract/alert.ts'
import {
  ChannelCreate,
  type ChannelsRpc,
  type DeliveriesRpc,
  type DeliveryResult,
  type TakenDelivery,
} from '../../../workers/contract/notify.ts'
import type { SealableRpc } from '../../../workers/contract/move.ts'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { handleNotify } from '../../../workers/pipeline/queues/notify.ts'
import { envelopeOf, freshTenant, makeBatch } from '../../support/batches.ts'
import { DAY_MS, ownDays } from '../../support/guard.ts'
import { heldQueues, real } from '../../support/moving.ts'

type Rpc = AlertsRpc & ChannelsRpc & DeliveriesRpc & SealableRpc
const MINUTE_MS = 60_000
const pass = ownDays()

async function worldOf() {
  const tenant = freshTenant()
  const stores = cellFor(real, tenant.cell)
  const stub = () => stores.object(real.ORG_ALERTS, tenant.org_id)
  const rpc = () => stub() as unknown as Rpc
  const queues = heldQueues()
  await real.CONTROL.batch([
    real.CONTROL.prepare(
      `INSERT INTO project (id, org_id, workspace_id, slug, name, keep_content, created_ms) VALUES (?, ?, ?, 'p', 'P', 0, 0)`,
    ).bind(tenant.project_id, tenant.org_id, tenant.workspace_id),
  ])
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
      await getQueueResult(batch, {
        waitUntil: () => {},
        passThroughOnException: () => {},
      } as unknown as ExecutionContext)
    },
  }
  return world
}

const failing = (again: boolean): DeliveryResult => ({
  ok: false,
  status_code: 500,
  error: 'hooks.acme.io answered 500.',
  again,
  retry_after_s: null,
  gone: false,
})
const success = (channels: string[], more: object = {}) => ({
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

describe('a rule', () => {
  it('fires on what agents sent, tells once, and tells when it is over', async () => {
    const w = await worldOf()
    await w.channel('a')
    const rule = await w.rule(success(['chn_a']))
    await w.requests(10, 0)
    await w.evaluate()
    expect(await w.rpc().rule(rule.id)).toMatchObject({ state: 'inactive', evaluation_error: null })
    await w.requests(8, 2)
    await w.evaluate()
    await w.evict()
    await w.evaluate()
    await w.evaluate()
    const [incident] = (
      await w.rpc().incidents({ state: null, rule_id: rule.id, projects: null, cursor: null, limit: 10 })
    ).data
    expect(incident).toMatchObject({ state: 'firing', severity: 'warning', rule_name: 'Success rate' })
    await w.deliver(100)
    expect(w.sent).toHaveLength(1)
    expect(w.sent[0]?.taken.message).toMatchObject({ notice: 'opened', incident_id: incident?.id })
    expect(w.sent[0]?.taken).toMatchObject({ signing_secrets: ['whsec_AAAA'], origin: 'https://ops.acme.io' })
    pass(10 * MINUTE_MS)
    for (let i = 0; i < 4; i++) {
      await w.requests(10, 0)
      await w.evaluate()
    }
    await w.deliver()
    expect(w.sent.map(({ taken }) => taken.message.notice)).toEqual(['opened', 'resolved'])
    expect(await w.rpc().summary(null)).toMatchObject({ firing_warning: 0, firing_critical: 0, opened_24h: 1 })
  })

  it('gets worse, is escalated when nobody has acknowledged it, and not when somebody has', async () => {
    for (const acknowledge of [false, true]) {
      const w = await worldOf()
      for (const name of ['a', 'boss']) await w.channel(name)
      const rule = await w.rule(success(['chn_a'], { escalation: { after_minutes: 10, channels: ['chn_boss'] } }))
      await w.requests(8, 2)
      await w.evaluate()
      await w.requests(0, 10)
      await w.evaluate(3)
      const [incident] = (
        await w.rpc().incidents({ state: 'firing', rule_id: rule.id, projects: null, cursor: null, limit: 10 })
      ).data
      expect(incident).toMatchObject({ severity: 'critical' })
      if (acknowledge) await w.rpc().acknowledge(incident?.id ?? '', 'usr_1')
      for (let i = 0; i < 4; i++) {
        await w.requests(0, 10)
        await w.evaluate(4)
      }
      await w.deliver()
      const told = w.sent.map(({ taken }) => taken.message.notice)
      expect(told).toEqual(acknowledge ? ['opened', 'severity_raised'] : ['opened', 'severity_raised', 'escalated'])
    }
  })

  it('tells nobody while it is silenced, and once when that ends', async () => {
    const w = await worldOf()
    await w.channel('a')
    const rule = await w.rule(success(['chn_a']))
    const silence = await w
      .rpc()
      .createSilence(
        w.tenant,
        `sil_${w.tenant.org_id}`,
        'UTC',
        {
          kind: 'silence',
          rule_id: rule.id,
          match: {},
          ends_at: new Date(Date.now() + DAY_MS).toISOString(),
          repeat: 'none',
          reason: 'known',
        },
        'usr_1',
      )
    await w.requests(8, 2)
    await w.evaluate()
    expect(
      (await w.rpc().incidents({ state: 'firing', rule_id: null, projects: null, cursor: null, limit: 10 })).data,
    ).toMatchObject([{ silenced: true }])
    await w.deliver()
    expect(w.sent).toEqual([])
    await w.rpc().endSilence(silence?.id ?? '')
    await w.requests(8, 2)
    await w.evaluate()
    await w.deliver()
    await w.evaluate()
    await w.deliver()
    expect(w.sent.map(({ taken }) => taken.message.notice)).toEqual(['opened'])
  })

  it('says too little history instead of guessing', async () => {
    const w = await worldOf()
    const rule = await w.rule({
      name: 'Spike',
      condition: { type: 'spike', watch: { measure: 'count' }, critical: 50, min_value: 1 },
    })
    await w.requests(50, 0)
    await w.evaluate()
    const [instance] = (await w.rpc().rule(rule.id))?.instances ?? []
    expect(instance).toMatchObject({ state: 'inactive', usual: null })
    expect(instance?.detail).toMatch(/not known yet/)
  })

  it('ends its incidents when it is removed, and judges nothing while it moves', async () => {
    const w = await worldOf()
    await w.channel('a')
    const rule = await w.rule(success(['chn_a']))
    await w.requests(8, 2)
    await w.evaluate()
    await w.rpc().removeRule(rule.id)
    expect(
      (await w.rpc().incidents({ state: null, rule_id: null, projects: null, cursor: null, limit: 10 })).data,
    ).toMatchObject([{ state: 'resolved' }])
    await w.rpc().seal(true)
    await expect(w.rule(success([]))).rejects.toThrow(/move/)
    const [pending] = (await w.rpc().deliveries({ channel_id: null, state: 'pending', cursor: null, limit: 10 })).data
    expect(await w.rpc().takeDelivery(pending?.id ?? '')).toBeNull()
    await w.rpc().seal(false)
    await w.deliver()
    await w.deliver()
    expect(w.sent.map(({ taken }) => taken.message.notice)).toEqual(['opened', 'resolved'])
  })
})

describe('a message', () => {
  it('is tried again later and later, then given up; everybody else is told once, and it can be sent again', async () => {
    const w = await worldOf()
    for (const name of ['broken', 'fine']) await w.channel(name)
    await w.rpc().testChannel(w.tenant, 'https://ops.acme.io', 'chn_broken', 'dlv_1' + w.tenant.org_id)
    for (let i = 0; i < 10; i++) {
      w.answers = [failing(true)]
      await w.deliver(3)
      pass(2 * 3_600_000)
    }
    expect(w.sent).toHaveLength(10)
    const dead = (await w.rpc().deliveries({ channel_id: null, state: 'dead', cursor: null, limit: 10 })).data
    expect(dead).toMatchObject([{ channel_id: 'chn_broken', attempts: 10, error: 'hooks.acme.io answered 500.' }])
    expect(await w.rpc().channels()).toMatchObject([{ health: 'dead' }, { health: 'unused' }])
    expect(await w.rpc().summary(null)).toMatchObject({ dead_channels: 1 })
    await w.deliver()
    expect(w.sent.at(-1)?.taken.message).toMatchObject({ notice: 'channel_dead', severity: 'critical' })
    await w.rpc().testChannel(w.tenant, 'https://ops.acme.io', 'chn_broken', 'dlv_2' + w.tenant.org_id)
    w.answers = [failing(false)]
    await w.deliver()
    await w.deliver()
    expect(w.sent.filter(({ taken }) => taken.message.notice === 'channel_dead')).toHaveLength(1)
    expect(await w.rpc().retryDelivery(dead[0]?.id ?? '')).toMatchObject({ state: 'pending', attempts: 0 })
    await w.deliver()
    expect(await w.rpc().channels()).toMatchObject([{ health: 'ok' }, { health: 'ok' }])
  })

  it('goes to the owners where no channel is left, and a receiver that is gone is called no more', async () => {
    const w = await worldOf()
    await w.channel('only')
    await w.rpc().testChannel(w.tenant, 'https://ops.acme.io', 'chn_only', `dlv_${w.tenant.org_id}`)
    w.answers = [{ ...failing(false), status_code: 410, gone: true } as DeliveryResult]
    await w.deliver()
    await w.deliver()
    expect(w.sent.map(({ taken }) => taken.settings.type)).toEqual(['webhook', 'owners'])
    expect(await w.rpc().channels()).toMatchObject([{ health: 'dead', enabled: false }])
  })

  it('that a consumer has taken and lost is another’s after a minute', async () => {
    const w = await worldOf()
    await w.channel('a')
    const id = `dlv_${w.tenant.org_id}`
    await w.rpc().testChannel(w.tenant, 'https://ops.acme.io', 'chn_a', id)
    expect(await w.rpc().takeDelivery(id)).toMatchObject({ attempt: 1 })
    expect(await w.rpc().takeDelivery(id)).toBeNull()
    pass(MINUTE_MS + 1)
    expect(await w.rpc().takeDelivery(id)).toMatchObject({ attempt: 2 })
    expect(await w.rpc().settleDelivery(id, 1, failing(false))).toBeNull()
    expect(await w.rpc().settleDelivery(id, 2, { ok: true, status_code: 200 })).toBeNull()
    expect((await w.rpc().deliveries({ channel_id: null, state: 'sent', cursor: null, limit: 10 })).data).toMatchObject(
      [{ id, attempts: 2 }],
    )
  })

  it('shows nothing that is secret', async () => {
    const w = await worldOf()
    const slack = ChannelCreate.parse({
      name: 's',
      settings: { type: 'slack', url: 'https://hooks.slack.com/services/T0/B0/abcdefgh1234' },
    })
    const pager = ChannelCreate.parse({ name: 'p', settings: { type: 'pagerduty', routing_key: 'R0123456789abcdef' } })
    await w.rpc().createChannel(w.tenant, 'https://ops.acme.io', 'chn_s', null, slack)
    await w.rpc().createChannel(w.tenant, 'https://ops.acme.io', 'chn_p', null, pager)
    const shown = JSON.stringify([
      await w.rpc().channels(),
      await w.rpc().deliveries({ channel_id: null, state: null, cursor: null, limit: 9 }),
    ])
    expect(shown).toMatch(/…1234/)
    expect(shown).not.toMatch(/abcdefgh|R01234/)
  })
})
vi.setConfig({ testTimeout: 30_000 })
