import { describe, expect, it } from 'vitest'
import { ALERT_PRESETS } from '../../../workers/contract/alert-presets.ts'
import { AlertSummary, Rule } from '../../../workers/contract/alert.ts'
import { Page } from '../../../workers/contract/api.ts'
import { ChannelMade } from '../../../workers/contract/notify.ts'
import { call, makeTenant, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'

const path = ({ org }: TestTenant, rest: string) => `/api/v1/orgs/${org.id}/${rest}`
const webhook = { name: 'On call', settings: { type: 'webhook', url: 'https://hooks.acme.io/in?token=abcds3cr3t' } }

async function made<T>(tenant: TestTenant, at: string, body: object, schema: { parse(value: unknown): T }): Promise<T> {
  const answer = await call(tenant.owner, 'POST', path(tenant, at), body)
  expect(answer.status, await answer.clone().text()).toBe(201)
  return schema.parse(await answer.json())
}

async function pointersOf(answer: Response): Promise<string[]> {
  expect(answer.status, await answer.clone().text()).toBe(422)
  return (await answer.json<{ errors: { pointer: string }[] }>()).errors.map(({ pointer }) => pointer)
}

const auditOf = async (tenant: TestTenant) => (await call(tenant.owner, 'GET', path(tenant, 'audit'))).text()

describe('alert rules', () => {
  it.each(Object.entries(ALERT_PRESETS).filter(([name]) => !['custom', 'slo_burn'].includes(name)))(
    'are made from the preset %s as it is',
    async (_, { rule }) => {
      const tenant = await makeTenant('eu')
      expect(await made(tenant, 'alerts/rules', rule, Rule)).toMatchObject({
        preset: rule.preset,
        condition: rule.condition,
      })
    },
  )

  it('are changed and removed, previewed without being kept, and the audit log tells it', async () => {
    const tenant = await makeTenant('eu')
    const { rule } = ALERT_PRESETS.spend_spike
    const preview = await call(tenant.owner, 'POST', path(tenant, 'alerts/rules/preview'), rule)
    expect(preview.status, await preview.clone().text()).toBe(200)
    const { id } = await made(tenant, 'alerts/rules', rule, Rule)
    const change = await call(tenant.owner, 'PATCH', path(tenant, `alerts/rules/${id}`), {
      enabled: false,
      for_minutes: 9,
    })
    expect(Rule.parse(await change.json())).toMatchObject({ state: 'disabled', for_minutes: 9 })
    expect(
      AlertSummary.parse(await (await call(tenant.owner, 'GET', path(tenant, 'alerts/summary'))).json()),
    ).toMatchObject({ rules: 1, dead_channels: 0 })
    expect((await call(tenant.owner, 'DELETE', path(tenant, `alerts/rules/${id}`))).status).toBe(200)
    expect((await call(tenant.owner, 'GET', path(tenant, `alerts/rules/${id}`))).status).toBe(404)
    expect((await call(tenant.owner, 'GET', path(tenant, 'incidents/inc_0'))).status).toBe(404)
    const log = await auditOf(tenant)
    for (const action of ['create', 'update', 'remove']) expect(log).toContain(`"alert_rule.${action}"`)
    expect(log).not.toContain('preview')
  })

  it.each([
    ['a limit', { ...ALERT_PRESETS.custom.rule, name: 'x' }, '/condition/critical'],
    ['a name', ALERT_PRESETS.spend_spike.rule, '/name'],
    ['no user', ALERT_PRESETS.spend_spike.rule, '/condition/watch/group_by'],
    ['a project that is there', ALERT_PRESETS.spend_spike.rule, '/project_id'],
    ['a budget that is there', ALERT_PRESETS.budget_threshold.rule, '/condition/budget_id'],
    ['channels that are there', ALERT_PRESETS.spend_spike.rule, '/channels/0'],
  ])('name %s, or are refused where it is wrong', async (_, rule, pointer) => {
    const tenant = await makeTenant('eu')
    const wrong = structuredClone(rule) as Record<string, unknown> & {
      condition: { watch?: { group_by: string[] }; budget_id?: string }
    }
    if (pointer === '/name') wrong['name'] = ' '
    if (pointer.endsWith('group_by') && wrong.condition.watch) wrong.condition.watch.group_by = ['user_id']
    if (pointer === '/project_id') wrong['project_id'] = 'prj_of_somebody_else'
    if (pointer.endsWith('budget_id')) wrong.condition.budget_id = 'bdg_of_somebody_else'
    if (pointer === '/channels/0') wrong['channels'] = ['chn_of_somebody_else']
    const answer = await call(tenant.owner, 'POST', path(tenant, 'alerts/rules'), wrong)
    expect((await pointersOf(answer)).some((one) => one.endsWith(pointer))).toBe(true)
  })

  it('of other projects are nothing to a member of one', async () => {
    const tenant = await makeTenant('eu')
    const { rule } = ALERT_PRESETS.spend_spike
    const own = await made(
      tenant,
      'alerts/rules',
      { ...rule, name: 'Own', project_id: tenant.org.default_project_id },
      Rule,
    )
    const all = await made(tenant, 'alerts/rules', { ...rule, name: 'All' }, Rule)
    const member = await join(tenant, 'developer', [tenant.org.default_project_id])
    const seen = Page(Rule).parse(await (await call(member, 'GET', path(tenant, 'alerts/rules'))).json())
    expect(seen.data.map(({ id }) => id)).toEqual([own.id])
    expect((await call(member, 'GET', path(tenant, `alerts/rules/${all.id}`))).status).toBe(404)
    expect(await pointersOf(await call(member, 'POST', path(tenant, 'alerts/rules'), rule))).toEqual(['/project_id'])
  })
})

describe('channels', () => {
  it('show a signing secret once, and nothing secret ever after', async () => {
    const tenant = await makeTenant('eu')
    const channel = await made(tenant, 'channels', webhook, ChannelMade)
    expect(channel.signing_secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const next = await call(tenant.owner, 'POST', path(tenant, `channels/${channel.id}/rotate-secret`))
    const { signing_secret } = ChannelMade.parse(await next.json())
    expect(signing_secret).not.toBe(channel.signing_secret)
    const shown = await (await call(tenant.owner, 'GET', path(tenant, 'channels'))).text()
    for (const text of [shown, await auditOf(tenant)]) {
      expect(text).not.toContain('s3cr3t')
      expect(text).not.toContain('whsec_')
    }
    expect(shown).toContain('hooks.acme.io/…cr3t')
  })

  it.each(['http://hooks.acme.io/', 'https://10.1.2.3/', 'https://metadata.internal/', 'https://u:p@acme.io/'])(
    'do not lead to %s',
    async (url) => {
      const tenant = await makeTenant('eu')
      const answer = await call(tenant.owner, 'POST', path(tenant, 'channels'), {
        name: 'x',
        settings: { type: 'slack', url },
      })
      expect(await pointersOf(answer)).toEqual(['/settings/url'])
    },
  )

  it('leave the rules that name them when they are removed, and keep their kind when they are changed', async () => {
    const tenant = await makeTenant('eu')
    const channel = await made(tenant, 'channels', webhook, ChannelMade)
    const rule = await made(
      tenant,
      'alerts/rules',
      {
        ...ALERT_PRESETS.spend_spike.rule,
        channels: [channel.id],
        escalation: { after_minutes: 5, channels: [channel.id] },
      },
      Rule,
    )
    const other = { settings: { type: 'email', to: ['a@acme.io'] } }
    expect(await pointersOf(await call(tenant.owner, 'PATCH', path(tenant, `channels/${channel.id}`), other))).toEqual([
      '/settings/type',
    ])
    expect((await call(tenant.owner, 'DELETE', path(tenant, `channels/${channel.id}`))).status).toBe(200)
    const left = Rule.parse(await (await call(tenant.owner, 'GET', path(tenant, `alerts/rules/${rule.id}`))).json())
    expect(left).toMatchObject({ channels: [], escalation: null })
  })
})
