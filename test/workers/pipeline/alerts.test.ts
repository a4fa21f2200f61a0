import { afterAll, describe, expect, it, vi } from 'vitest'
import { MINUTE_MS, success, watchedOrg } from '../../support/alerts.ts'
import { DAY_MS, ownDays } from '../../support/guard.ts'
import { real } from '../../support/moving.ts'

const pass = ownDays()
const worldOf = () => watchedOrg(pass)
// The tests are the consumer: the real one would take what they look for.
const tasks = vi.spyOn(real.NOTIFY_GLOBAL, 'sendBatch').mockResolvedValue({} as QueueSendBatchResponse)
afterAll(() => tasks.mockRestore())

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
    expect(tasks).toHaveBeenCalled()
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
      // What is told later waits for what was told before it.
      await w.deliver()
      await w.deliver()
      const told = w.sent.map(({ taken }) => taken.message.notice)
      expect(told.sort()).toEqual(
        acknowledge ? ['opened', 'severity_raised'] : ['escalated', 'opened', 'severity_raised'],
      )
    }
  })

  it('tells nobody while it is silenced, and once when that ends', async () => {
    const w = await worldOf()
    await w.channel('a')
    const rule = await w.rule(success(['chn_a']))
    const silence = await w.rpc().createSilence(
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
