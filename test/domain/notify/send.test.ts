import { describe, expect, it, vi } from 'vitest'
import { sendDelivery, type SendTools } from '../../../workers/adapters/notify/send.ts'
import type { TakenDelivery } from '../../../workers/contract/notify.ts'

const NOW = Date.parse('2026-11-28T10:00:00Z')
const taken = (settings: TakenDelivery['settings']): TakenDelivery => ({
  id: 'dlv_1',
  attempt: 1,
  settings,
  signing_secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  message: {
    notice: 'opened',
    incident_id: 'inc_1',
    severity: 'warning',
    title: 'Warning: Refunds',
    lines: [],
    facts: {},
    path: null,
    runbook_url: null,
    at_ms: NOW,
  },
  origin: null,
})
const tools = (answer: () => Response | Promise<Response>, more: Partial<SendTools> = {}): SendTools => ({
  sendMail: () => Promise.resolve(),
  owners: () => Promise.resolve(['owner@acme.io']),
  loopback: false,
  fetch: () => Promise.resolve(answer()),
  now: () => NOW,
  ...more,
})
const webhook = { type: 'webhook', url: 'https://hooks.acme.io/in?token=secret' } as const

describe('telling a channel', () => {
  it.each([
    [200, { ok: true, status_code: 200 }],
    [204, { ok: true, status_code: 204 }],
    [301, { ok: false, again: false, gone: false, error: 'hooks.acme.io answered 301: redirects are not followed.' }],
    [400, { ok: false, again: false, gone: false }],
    [404, { ok: false, again: false }],
    [408, { ok: false, again: true }],
    [410, { ok: false, again: false, gone: true }],
    [425, { ok: false, again: true }],
    [429, { ok: false, again: true }],
    [500, { ok: false, again: true }],
    [503, { ok: false, again: true }],
  ])('takes an answer %i for what it is', async (status, expected) => {
    const body = status === 204 ? null : 'what the receiver says, with a password'
    const result = await sendDelivery(
      taken(webhook),
      tools(() => new Response(body, { status })),
    )
    expect(result).toMatchObject(expected)
    expect(JSON.stringify(result)).not.toMatch(/password|token/)
  })

  it.each([
    ['30', 30],
    ['Sat, 28 Nov 2026 10:01:30 GMT', 90],
    ['soon', null],
    ['-5', null],
  ])('reads how long to wait: %s', async (header, seconds) => {
    const headers = { 'retry-after': header }
    const result = await sendDelivery(
      taken(webhook),
      tools(() => new Response('', { status: 429, headers })),
    )
    expect(result).toMatchObject({ retry_after_s: seconds })
  })

  it('tries again what could not be reached', async () => {
    const result = await sendDelivery(
      taken(webhook),
      tools(() => Promise.reject(new Error('secret reason'))),
    )
    expect(result).toMatchObject({ ok: false, again: true, error: 'hooks.acme.io could not be reached.' })
  })

  it.each([
    'http://hooks.acme.io/',
    'https://127.0.0.1/',
    'https://localhost/',
    'https://10.0.0.1/x',
    'https://a@b.io/',
  ])('calls nothing at %s', async (url) => {
    const fetch = vi.fn<typeof globalThis.fetch>()
    const result = await sendDelivery(
      taken({ type: 'webhook', url }),
      tools(() => new Response(), { fetch }),
    )
    expect(result).toMatchObject({ ok: false, again: false })
    expect(fetch).not.toHaveBeenCalled()
  })

  it('mails each address, and the owners where no channel is left', async () => {
    const to: string[] = []
    const sendMail = (mail: { to: string }) => Promise.resolve(void to.push(mail.to))
    await sendDelivery(
      taken({ type: 'email', to: ['a@acme.io', 'b@acme.io'] }),
      tools(() => new Response(), { sendMail }),
    )
    await sendDelivery(
      taken({ type: 'owners' }),
      tools(() => new Response(), { sendMail }),
    )
    expect(to).toEqual(['a@acme.io', 'b@acme.io', 'owner@acme.io'])
    const broken = () => Promise.reject(new Error('no'))
    const result = await sendDelivery(
      taken({ type: 'owners' }),
      tools(() => new Response(), { sendMail: broken }),
    )
    expect(result).toMatchObject({ ok: false, again: true })
  })

  it('gives PagerDuty and Slack their own form', async () => {
    const calls: [string, string][] = []
    const fetch = ((url: URL, init: RequestInit) => {
      calls.push([String(url), typeof init.body === 'string' ? init.body : ''])
      return Promise.resolve(new Response('', { status: 202 }))
    }) as unknown as typeof globalThis.fetch
    await sendDelivery(
      taken({ type: 'pagerduty', routing_key: 'R0' }),
      tools(() => new Response(), { fetch }),
    )
    await sendDelivery(
      taken({ type: 'slack', url: 'https://hooks.slack.com/services/T/B/x' }),
      tools(() => new Response(), { fetch }),
    )
    expect(calls[0]?.[0]).toBe('https://events.pagerduty.com/v2/enqueue')
    expect(JSON.parse(calls[0]?.[1] ?? '')).toMatchObject({ routing_key: 'R0', event_action: 'trigger' })
    expect(JSON.parse(calls[1]?.[1] ?? '')).toMatchObject({ text: 'Warning: Refunds' })
  })
})
