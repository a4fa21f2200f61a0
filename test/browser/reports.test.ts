import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Report } from '../../workers/contract/report.ts'
import { violations } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { call, createTenant, joinOrg, newTraceId, sendEvents, until, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'
import { readPdf } from '../support/pdf-text.ts'

const baseUrl = inject('baseUrl')
/** What nobody else's report can say. */
const AGENT = `agent-${crypto.randomUUID().slice(0, 8)}`
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let member: Awaited<ReturnType<typeof joinOrg>>
let page: Page
const faults: string[] = []

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl, 'eu')])
  member = await joinOrg(tenant.session, tenant.org.id, 'finance')
  // Axe needs its own script in the page.
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true, timezoneId: 'Europe/Berlin' })).newPage()
  page.setDefaultTimeout(20_000)
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  const events = Array.from({ length: 12 }, (_, i) => ({
    event_type: 'agent.request.completed' as const,
    timestamp: new Date(Date.now() - i * 1000).toISOString(),
    trace_id: newTraceId(),
    span_id: `00000000000000${10 + i}`,
    agent_id: AGENT,
    workflow_id: AGENT,
    status: i < 5 ? ('error' as const) : ('ok' as const),
    latency_ms: 900,
  }))
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
}, 60_000)
afterAll(() => browser?.close())

const at = (path = '') => `${baseUrl}/${tenant.org.slug}${path}`
const open = async (path: string) => {
  await page.goto(at(path))
  await alive(page)
}

interface Boxed {
  to: string
  subject: string
  text: string
  attachment?: { id: string; name: string; type: string }
}
const mails = async (subject: string) =>
  (await call<{ data: Boxed[] }>(tenant.session, 'GET', '/api/dev/mail')).body.data.filter(
    (mail) => mail.subject === `${subject} · ${tenant.org.name}`,
  )

async function attachmentOf({ attachment }: Boxed): Promise<Buffer> {
  const answer = await fetch(`${baseUrl}/api/dev/mail/attachments/${attachment?.id}`)
  return Buffer.from(await answer.arrayBuffer())
}

const item = (name: string) => page.getByRole('listitem').filter({ hasText: name })

/** Sends it now, and waits until the page says that it is sent. */
async function sendNow(name: string): Promise<void> {
  await page.getByRole('button', { name: `Send now: ${name}` }).click()
  await item(name).getByText('being made').waitFor()
  await item(name).getByText(/^sent/).waitFor({ timeout: 100_000 })
}

describe('a scheduled report', () => {
  it('is made on a view, and sent now as a PDF with its numbers', { timeout: 200_000 }, async () => {
    await open(`/operations?range=24h&agent_id=${AGENT}`)
    await page.getByRole('button', { name: 'Schedule e-mail…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('Support, weekly')
    await dialog.getByLabel('On', { exact: true }).selectOption('Friday')
    await dialog.getByLabel('At', { exact: true }).selectOption('07:00')
    expect(await dialog.getByLabel('Time zone').inputValue()).toBe('Europe/Berlin')
    await dialog.getByRole('checkbox', { name: new RegExp(member.email) }).check()
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Schedule', exact: true }).click()
    await page.getByText('is sent every Friday at 07:00').waitFor()

    await page.getByText('Saved views', { exact: true }).click()
    await page.getByRole('link', { name: 'Scheduled reports' }).click()
    await page.waitForURL(/\/reports$/)
    await item('Support, weekly').getByText('Operations as PDF, every Friday at 07:00 (Europe/Berlin)').waitFor()
    await sendNow('Support, weekly')

    const sent = await mails('Support, weekly')
    expect(sent.map(({ to }) => to).sort()).toEqual([member.email, tenant.session.email].sort())
    expect(sent[0]?.text).toContain(`/${tenant.org.slug}/operations?range=24h&agent_id=${AGENT}`)
    const pdf = await attachmentOf(sent[0] as Boxed)
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    const { pages, text: set } = readPdf(pdf)
    const text = set.replace(/\s/g, ' ')
    expect(pages).toBeGreaterThan(1)
    // Seven of twelve succeeded.
    for (const said of [
      'Operations',
      tenant.org.name,
      'region EU',
      `Agent: ${AGENT}`,
      'Europe/Berlin',
      '58.3 %',
      `Page 1 of ${pages}`,
    ])
      expect(text, said).toContain(said)
    // What a person who looks would be offered.
    for (const offered of ['Saved views', 'Schedule e-mail', 'Settings']) expect(text).not.toContain(offered)
  })

  it('of a dashboard is a PNG of the whole of it', { timeout: 200_000 }, async () => {
    const content = {
      panels: [
        { id: 'operations.requests', span: 12 },
        { id: 'finance.spend-by', span: 6 },
      ],
      query: 'range=7d',
    }
    const made = await call<{ id: string }>(tenant.session, 'POST', `/api/v1/orgs/${tenant.org.id}/views`, {
      ...{ kind: 'dashboard', name: 'Mornings', content },
    })
    await open(`/dashboards/${made.body.id}`)
    await page.getByRole('button', { name: 'Schedule e-mail…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Every', { exact: true }).selectOption('day')
    await dialog.getByLabel('As', { exact: true }).selectOption('PNG')
    await dialog.getByRole('button', { name: 'Schedule', exact: true }).click()
    await page.getByText('is sent every day at 09:00').waitFor()
    await open('/reports')
    await item('Mornings').getByText('Mornings as PNG').waitFor()
    await sendNow('Mornings')
    const [mail] = await mails('Mornings')
    expect(mail?.attachment).toMatchObject({ type: 'image/png' })
    const png = await attachmentOf(mail as Boxed)
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
    expect(width).toBe(2070)
    expect(height).toBeGreaterThan(600)

    await page.goto(`${baseUrl}/dev/mail`)
    await page.getByRole('link', { name: /^mornings-.*\.png$/ }).waitFor()
  })

  it('of a page that cannot be shown is not sent, and says why', { timeout: 200_000 }, async () => {
    const reports = `/api/v1/orgs/${tenant.org.id}/reports`
    const { body: made } = await call<Report>(tenant.session, 'POST', reports, {
      ...{ name: 'Broken', zone: 'UTC', format: 'pdf', timing: { every: 'day', hour: 1 } },
      target: { kind: 'view', path: 'operations', query: 'project=nobody-has-this' },
    })
    await call(tenant.session, 'POST', `${reports}/${made.id}/send`, {})
    const last = await until(
      async () => {
        const { body } = await call<Report>(tenant.session, 'GET', `${reports}/${made.id}`)
        return body.last ?? undefined
      },
      { timeoutMs: 100_000, everyMs: 500, what: 'a result' },
    )
    expect(last.outcome).toBe('failed')
    expect(last.detail).toContain('There is no such project in this organization.')
    expect(await mails('Broken')).toEqual([])
    await call(tenant.session, 'DELETE', `${reports}/${made.id}`)
  })

  it(
    'is changed, paused, resumed and deleted, each said in words; the page is clean',
    { timeout: 120_000 },
    async () => {
      await open('/reports')
      await page.getByRole('button', { name: 'Change Support, weekly' }).click()
      await page.getByLabel('Every', { exact: true }).selectOption('month')
      await page.getByLabel('On day', { exact: true }).selectOption('31')
      await page.getByRole('button', { name: 'Save changes' }).click()
      await item('Support, weekly').getByText('on day 31 of each month at 07:00').waitFor()
      await page.getByRole('button', { name: 'Pause Support, weekly' }).click()
      await item('Support, weekly').getByText('Paused by a person.').waitFor()
      for (const colorScheme of ['light', 'dark'] as const)
        for (const width of [360, 1280]) {
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize({ width, height: 900 })
          await page.reload()
          await alive(page)
          expect(await violations(page), `${colorScheme}, ${width} wide`).toEqual([])
          expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
          if (process.env['SHOTS'])
            await page.screenshot({ path: `${process.env['SHOTS']}/reports-${colorScheme}-${width}.png` })
        }
      await page.getByRole('button', { name: 'Resume Support, weekly' }).click()
      await item('Support, weekly').getByText(/^next/).waitFor()
      await page.getByRole('button', { name: 'Delete Support, weekly' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
      await page.getByText('“Support, weekly” is deleted.').waitFor()
      await page.getByRole('button', { name: 'Delete Support, weekly' }).waitFor({ state: 'detached' })
    },
  )

  it('left no fault in the console', () => expect(faults).toEqual([]))
})
