import { afterAll, describe, expect, it, vi } from 'vitest'
import { ChannelCreate, type DeliveryResult } from '../../../workers/contract/notify.ts'
import { failing, MINUTE_MS, watchedOrg } from '../../support/alerts.ts'
import { ownDays } from '../../support/guard.ts'
import { real } from '../../support/moving.ts'

const pass = ownDays()
const worldOf = () => watchedOrg(pass)
// The tests are the consumer: the real one would take what they look for.
const tasks = vi.spyOn(real.NOTIFY_GLOBAL, 'sendBatch').mockResolvedValue({} as QueueSendBatchResponse)
afterAll(() => tasks.mockRestore())

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

  it('is nothing to a channel that was turned off meanwhile, and is given up when no try comes to an end', async () => {
    const w = await worldOf()
    for (const name of ['off', 'lost']) await w.channel(name)
    const send = (channel: string) =>
      w.rpc().testChannel(w.tenant, 'https://ops.acme.io', channel, `dlv_${channel}${w.tenant.org_id}`)
    await send('chn_off')
    await w.rpc().updateChannel('chn_off', { enabled: false })
    await w.deliver()
    expect(w.sent).toEqual([])
    await send('chn_lost')
    let tries = 0
    while ((await w.rpc().takeDelivery(`dlv_chn_lost${w.tenant.org_id}`)) !== null && tries++ < 50) pass(2 * MINUTE_MS)
    expect(tries).toBe(10)
    expect(await w.rpc().channels()).toMatchObject([{ health: 'dead' }, { health: 'unused', enabled: false }])
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
