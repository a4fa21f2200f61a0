import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import type { AlertsRpc } from '../../../workers/contract/alert.ts'
import type { ErasableRpc } from '../../../workers/contract/erasure.ts'
import type { ChannelsRpc } from '../../../workers/contract/notify.ts'
import type { Cell, ProjectTenant } from '../../../workers/contract/tenant.ts'
import { MOVE_STEPS } from '../../../workers/contract/move.ts'
import { findAll } from '../../../workers/services/alert/source.ts'
import { envelopeOf, makeBatch } from '../../support/batches.ts'
import { MINUTE_MS, success, watchedOrg } from '../../support/alerts.ts'
import { DAY_MS, ownDays } from '../../support/guard.ts'
import { beginMove, heldQueues, real, runMove, tracesOf } from '../../support/moving.ts'
import { storedInObjects } from '../../support/stored.ts'

const pass = ownDays()
const tasks = [real.NOTIFY_GLOBAL, real.NOTIFY_EU].map((queue) =>
  vi.spyOn(queue, 'sendBatch').mockResolvedValue({} as QueueSendBatchResponse),
)
afterAll(() => tasks.forEach((task) => task.mockRestore()))

const alertsAt = (tenant: ProjectTenant, cell: Cell = tenant.cell) =>
  cellFor(real, cell).object(real.ORG_ALERTS, tenant.org_id)
const all = { state: null, rule_id: null, projects: null, cursor: null, limit: 100 }

/** An organization with a rule that fires, and a message that waits to be sent. */
async function firing(more: object = {}) {
  const w = await watchedOrg(pass)
  await w.channel('a')
  const rule = await w.rule(success(['chn_a'], more))
  await w.requests(8, 2)
  await w.evaluate()
  return { ...w, rule, sent: w.sent }
}

describe('alerts of an organization that moves', () => {
  it('go on in the other cell, and nothing is told twice', async () => {
    const w = await firing()
    const before = (await w.rpc().incidents(all)).data
    expect(before).toMatchObject([{ state: 'firing' }])
    await beginMove(w.tenant, 'eu')
    const steps = new Set<string>()
    const job = await runMove(heldQueues().env, w.tenant.org_id, {
      async between({ step }) {
        steps.add(step)
        // Whichever of the two rings meanwhile: only one of them judges, and never both.
        for (const cell of ['global', 'eu'] as const) await runDurableObjectAlarm(alertsAt(w.tenant, cell))
      },
    })
    expect(job).toMatchObject({ state: 'done', detail: null })
    expect(job.numbers).toMatchObject({ alerts: { verified: expect.any(Number) as number } })
    expect(steps.size).toBe(MOVE_STEPS.length - 1)
    const there = alertsAt(w.tenant, 'eu') as unknown as AlertsRpc & ChannelsRpc
    expect((await there.incidents(all)).data.map(({ id, state }) => ({ id, state }))).toEqual(
      before.map(({ id, state }) => ({ id, state })),
    )
    const told = await there.deliveries({ channel_id: null, state: null, cursor: null, limit: 10 })
    expect(told.data.map(({ notice }) => notice)).toEqual(['opened'])
    pass(2 * MINUTE_MS)
    expect(await runDurableObjectAlarm(alertsAt(w.tenant, 'eu'))).toBe(true)
    expect((await there.rule(w.rule.id))?.evaluated_at).toBe(new Date().toISOString())
    expect(await w.rpc().rules()).toEqual([])
    expect(await runDurableObjectAlarm(alertsAt(w.tenant))).toBe(false)
    expect(await tracesOf('global', [w.tenant.org_id, w.tenant.project_id])).toEqual([])
  })

  it('wait for a message that is being sent, which is then not sent again', async () => {
    const w = await firing()
    const [pending] = (await w.rpc().deliveries({ channel_id: null, state: 'pending', cursor: null, limit: 10 })).data
    const taken = await w.rpc().takeDelivery(pending?.id ?? '')
    let isSealed = false
    const sealing = w
      .rpc()
      .seal(true)
      .then(() => (isSealed = true))
    const removing = async () => w.rpc().removeRule(w.rule.id)
    await expect(removing()).rejects.toThrow(/move/)
    expect(isSealed).toBe(false)
    expect(
      await w.rpc().settleDelivery(taken?.id ?? '', taken?.attempt ?? 0, { ok: true, status_code: 200 }),
    ).toBeNull()
    await sealing
    expect((await w.rpc().deliveries({ channel_id: null, state: null, cursor: null, limit: 10 })).data).toMatchObject([
      { state: 'sent' },
    ])
  })
})

describe('what an object of alerts keeps', () => {
  it.each(['u1', 'anna.schmidt@example.com'])(
    'names %s no more after an erasure, and tells nothing of it',
    async (person) => {
      const w = await watchedOrg(pass)
      await w.channel('a')
      await w.rule({
        name: 'Much by one agent',
        condition: {
          type: 'threshold',
          watch: { measure: 'count', group_by: ['agent_id'] },
          window_minutes: 60,
          direction: 'above',
          critical: 2,
        },
        notify_per: 'group',
        channels: ['chn_a'],
      })
      const requests = async (agent_id: string) => {
        const events = Array.from({ length: 5 }, (_, i) => ({
          event_type: 'agent.request.completed' as const,
          timestamp: Date.now() - MINUTE_MS,
          trace_id: `u${i}${crypto.randomUUID()}`,
          span_id: 's',
          agent_id,
        }))
        await heldQueues().deliver(w.tenant.cell, [envelopeOf(makeBatch(w.tenant, events))])
      }
      await requests(person)
      await w.evaluate()
      const [before] = (await w.rpc().incidents(all)).data
      expect(before).toMatchObject({ state: 'firing', groups: [{ group: { agent_id: person } }] })
      await (alertsAt(w.tenant) as unknown as ErasableRpc).erase(person, 'erased_0')
      const texts = (await storedInObjects(w.tenant)).filter(({ where }) => where.startsWith('OrgAlerts'))
      // Escaped or not, a whole value is never theirs; the words of a sentence hold no id that short.
      expect(texts.map(({ text }) => text.replaceAll('\\', '')).filter((text) => text.includes(`"${person}"`))).toEqual(
        [],
      )
      // What was theirs is of who was erased, in the rollups too.
      await requests('erased')
      await w.evaluate(1)
      const after = (await w.rpc().incidents(all)).data
      expect(after.map(({ id, state }) => ({ id, state }))).toEqual([{ id: before?.id, state: 'firing' }])
    },
  )

  it('is removed when it is old, also where no rule is left', async () => {
    const w = await firing()
    await w.rpc().removeRule(w.rule.id)
    await w.deliver()
    await w.deliver()
    await runDurableObjectAlarm(alertsAt(w.tenant))
    expect((await w.rpc().incidents(all)).data).toHaveLength(1)
    pass(401 * DAY_MS)
    expect(await runDurableObjectAlarm(alertsAt(w.tenant))).toBe(true)
    expect((await w.rpc().incidents(all)).data).toEqual([])
    // Nothing is left to look after.
    const alarm = await runInDurableObject(alertsAt(w.tenant), (_, { storage }) => storage.getAlarm())
    expect(alarm).toBeNull()
  })

  it('of answers is taken for the same projects only', async () => {
    const kept = new Map<string, unknown>()
    const cache = {
      get: (key: string) => kept.get(key),
      put: (key: string, answer: unknown) => void kept.set(key, answer),
    }
    const tenant = { org_id: 'org_1', cell: 'global', shard: 0 } as const
    const asked: string[][] = []
    const found = (...projects: string[]) =>
      findAll(
        {
          projects: () => Promise.resolve(projects),
          metrics: (_, ids) => (asked.push([...ids]), Promise.resolve([])),
          budgets: () => Promise.resolve([]),
          spending: () => Promise.resolve(null),
        },
        cache,
        tenant,
        [{ questions: [{ name: 'past', query: {} as never, keep_until_ms: 1 }], budgets: false }],
        0,
      )
    await found('prj_a')
    await found('prj_a')
    await found('prj_b')
    expect(asked).toEqual([['prj_a'], ['prj_b']])
  })
})
