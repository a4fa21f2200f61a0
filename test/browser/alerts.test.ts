import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable, violations, type Look } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import type { EventInput } from '../../workers/contract/event.ts'
import { createTenant, newTraceId, sendEvents, until, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
let receiver: Server
const received: { body: string; headers: Record<string, string> }[] = []
let status = 200
const LOOKS = [
  [360, 'dark'],
  [360, 'light'],
  [1280, 'dark'],
] as const satisfies Look[]

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      received.push({ body, headers: request.headers as Record<string, string> })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true })).newPage()
  page.setDefaultTimeout(15_000)
}, 60_000)
afterAll(async () => {
  await browser?.close()
  receiver?.close()
})

const at = (path: string) => `${baseUrl}/${tenant.org.slug}${path}`
const receiverUrl = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/alerts`

/** Requests of two minutes ago: the minute that is not over is not judged. */
async function requests(good: number, failed: number): Promise<void> {
  const event = (isGood: boolean): Partial<EventInput> => ({
    event_type: 'agent.request.completed',
    timestamp: Date.now() - 120_000,
    trace_id: newTraceId(),
    span_id: 's1',
    agent_id: 'bot',
    workflow_id: 'refund',
    workflow_version: isGood ? '1.0' : '1.1',
    status: isGood ? 'ok' : 'error',
    ...(!isGood && { error_type: 'timeout' }),
  })
  const events = [
    ...Array.from({ length: good }, () => event(true)),
    ...Array.from({ length: failed }, () => event(false)),
  ]
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
}

describe('an alert', () => {
  let secret = ''

  it('has a channel, whose test arrives and is signed', async () => {
    await page.goto(at('/overview'))
    await page.getByText('Nothing is watched yet').waitFor()
    await page.getByRole('link', { name: 'Alerts', exact: true }).click()
    await page.getByRole('link', { name: 'Channels' }).click()
    await page.getByText('No channels yet').waitFor()
    await page.getByLabel('Name').fill('On call')
    await page.getByLabel('Kind').selectOption('webhook')
    await page.getByLabel('URL').fill('http://10.0.0.1/x')
    await page.getByRole('button', { name: 'Make channel' }).click()
    await page.getByText('Only https is called').waitFor()
    await page.getByLabel('Name').fill('On call')
    await page.getByLabel('Kind').selectOption('webhook')
    await page.getByLabel('URL').fill(receiverUrl())
    await page.getByRole('button', { name: 'Make channel' }).click()
    secret = (await page.getByTestId('signing-secret').textContent()) ?? ''
    await page.getByRole('button', { name: 'Send test to On call' }).click()
    await until(() => Promise.resolve(received.length === 1 || undefined))
    const [{ body, headers }] = received as [(typeof received)[0]]
    expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: 'test' })
    await page.getByText('sent', { exact: true }).first().waitFor()
    expect(await page.content()).not.toContain(secret)
  })

  it('is made from a preset, fires, tells, and is acknowledged', async () => {
    await requests(10, 15)
    await page.goto(at('/alerts/rules'))
    await page.getByText('No rules yet').waitFor()
    await page.getByRole('link', { name: 'Make a rule' }).first().click()
    await page.getByRole('link', { name: /^Success rate/ }).click()
    await page.getByLabel('Warning at (%)').fill('')
    await page.getByLabel('Critical at (%)').fill('')
    await page.getByRole('button', { name: 'Make rule' }).click()
    await page.getByText('needs a limit').waitFor()
    await page.getByLabel('Critical at (%)').fill('90')
    await page.getByLabel('Must hold for').selectOption('0')
    await page.getByLabel('On call').first().check()
    await page.getByRole('button', { name: 'Make rule' }).click()
    await page.getByText('critical', { exact: true }).first().waitFor()
    expect(await page.locator('main').textContent()).toMatch(/40 %/)
    await until(() => Promise.resolve(received.length === 2 || undefined))
    const told = received[1]
    expect(new Webhook(secret).verify(told?.body ?? '', told?.headers ?? {})).toMatchObject({
      type: 'alert.opened',
      data: { severity: 'critical' },
    })
    await page.getByRole('link', { name: 'Incidents' }).first().click()
    await page
      .getByRole('link', { name: /Success rate/ })
      .first()
      .click()
    await page.getByText('Nobody has acknowledged it').waitFor()
    await page.getByRole('button', { name: 'Acknowledge' }).click()
    await page
      .getByText(/Acknowledged by/)
      .first()
      .waitFor()
    const text = (await page.locator('main').textContent()) ?? ''
    for (const part of ['timeout', 'refund', 'Failed requests', 'What changed before']) expect(text).toContain(part)
    expect(await page.getByRole('link', { name: /^[0-9a-f]{32}/ }).count()).toBeGreaterThan(0)
    expect(await violations(page)).toEqual([])
  })

  it('is counted on the overview, and silenced for a while', async () => {
    await page.goto(at('/overview'))
    await page.getByText('1 incident is open, 1 acknowledged').waitFor()
    await page.goto(at('/alerts'))
    await page
      .getByRole('link', { name: /Success rate/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'Silence' }).click()
    await page.getByText('The rule is silenced').waitFor()
    await page.goto(at('/alerts/silences'))
    await page.getByText('Silenced from its incident').waitFor()
    await page.getByRole('button', { name: /End now/ }).click()
    await page.getByText('It has ended').waitFor()
  })

  it('says of a channel that it is dead, and sends again what was given up', async () => {
    await page.goto(at('/alerts/channels'))
    status = 404
    await page.getByRole('button', { name: 'Send test to On call' }).click()
    await page.getByText('given up', { exact: true }).first().waitFor()
    await page.getByText('dead', { exact: true }).first().waitFor()
    status = 200
    await page.getByRole('button', { name: 'Send again to On call' }).click()
    await page.getByText('works', { exact: true }).waitFor()
  })

  it.each(['', '/rules', '/rules/new', '/rules/new?preset=error_spike', '/silences', '/channels'])(
    'has no axe violations and does not scroll sideways on /alerts%s',
    async (path) => {
      await page.goto(at(`/alerts${path}`))
      await alive(page)
      await expectReadable(page, LOOKS)
    },
  )
})
