import { describe, expect, it } from 'vitest'
import { WebhookBody, type Message } from '../../../workers/contract/notify.ts'
import { mailOf, pagerDutyOf, slackOf, webhookOf } from '../../../workers/domain/notify/render.ts'
import { retryAfter, TRIES_MAX } from '../../../workers/domain/notify/retry.ts'

const message: Message = {
  notice: 'opened',
  incident_id: 'inc_1',
  severity: 'critical',
  title: 'Critical: <b>Refunds</b> & more',
  lines: ['workflow refund: 12 errors in the last 10 minutes <!channel>.'],
  facts: { Rule: 'Refunds', Since: '2026-11-28T10:00:00.000Z' },
  path: '/org_1/alerts/incidents/inc_1',
  runbook_url: 'https://wiki.acme.io/a?b=1&c=2',
  at_ms: Date.parse('2026-11-28T10:02:00Z'),
}
const ORIGIN = 'https://ops.acme.io'

describe('what channels are told', () => {
  it('is a mail of one subject line, with where to look', () => {
    const { subject, text } = mailOf({ ...message, title: 'a\r\nBcc: x@y.z' }, ORIGIN)
    expect(subject).toBe('a Bcc: x@y.z')
    expect(text).toContain('https://ops.acme.io/org_1/alerts/incidents/inc_1')
    expect(text).toContain('Runbook: https://wiki.acme.io/a?b=1&c=2')
    expect(mailOf(message, null).text).not.toContain('http://')
  })

  it('is text to Slack, whatever it looks like, within its limits', () => {
    const told = JSON.stringify(slackOf({ ...message, lines: [...message.lines, 'x'.repeat(5000)] }, ORIGIN))
    expect(told).toContain('&lt;!channel&gt;')
    expect(told).not.toContain('<!channel>')
    expect(told).toContain('<https://ops.acme.io/org_1/alerts/incidents/inc_1|Open in AgentOps>')
    const { blocks } = slackOf({ ...message, title: 'y'.repeat(400) }, ORIGIN) as {
      blocks: { text: { text: string } }[]
    }
    expect(blocks[0]?.text.text).toHaveLength(150)
    for (const { text } of blocks) expect(text.text.length).toBeLessThanOrEqual(3000)
  })

  it.each([
    ['opened', 'trigger'],
    ['severity_raised', 'trigger'],
    ['escalated', 'trigger'],
    ['resolved', 'resolve'],
  ] as const)('%s is “%s” to PagerDuty, of one incident', (notice, action) => {
    expect(pagerDutyOf({ ...message, notice }, 'key', ORIGIN, 'dlv_1')).toMatchObject({
      routing_key: 'key',
      event_action: action,
      dedup_key: 'inc_1',
      payload: { severity: 'critical', source: 'AgentOps', timestamp: '2026-11-28T10:02:00.000Z' },
    })
  })

  it('is JSON of a published form to webhooks', () => {
    const body = webhookOf(message, ORIGIN)
    expect(WebhookBody.strict().parse(body)).toEqual(body)
    expect(body).toMatchObject({
      type: 'alert.opened',
      data: { url: 'https://ops.acme.io/org_1/alerts/incidents/inc_1' },
    })
  })
})

describe('the next try', () => {
  it('comes later each time, an hour at most, and not for ever', () => {
    const delays = Array.from({ length: TRIES_MAX }, (_, i) => retryAfter(i + 1, null, 0.5))
    expect(delays).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2560, null])
    expect(retryAfter(9, null, 1)).toBeLessThanOrEqual(3600 * 1.25)
  })

  it('waits as long as it is asked to, within bounds', () => {
    expect(retryAfter(1, 120, 0.5)).toBe(120)
    expect(retryAfter(1, 999_999, 0.5)).toBe(3600)
    expect(retryAfter(5, 1, 0.5)).toBe(160)
  })
})
