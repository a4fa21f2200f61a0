import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Budget } from '../../workers/contract/budget.ts'
import { violations } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, expectCall, newTraceId, sendEvents, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const HOUR_MS = 3_600_000
const WAIT = { timeout: 15_000 }
const RELEASE = 'refund v2 first seen'
const BUDGET = 'Budget Refunds made'

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
const problems: string[] = []

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true, timezoneId: 'Asia/Kolkata' })).newPage()
  page.setDefaultTimeout(15_000)
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(error.message))
  const now = Date.now()
  // A version that was there, and two hours later the next one.
  const events = Array.from({ length: 6 }, (_, i) => ({
    event_type: 'agent.request.completed' as const,
    timestamp: now - (i < 3 ? 9 : 7) * HOUR_MS,
    trace_id: newTraceId(),
    span_id: 'root',
    workflow_id: 'refund',
    workflow_version: i < 3 ? 'v1' : 'v2',
    latency_ms: 100,
    status: 'ok' as const,
  }))
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
  await expectCall(tenant.session, 'POST', `/api/v1/orgs/${tenant.org.id}/budgets`, {
    status: 201,
    schema: Budget,
    body: { name: 'Refunds', scope: { type: 'org' }, period: 'month', limit_usd: '5', hard: false },
  })
}, 60_000)
afterAll(() => browser?.close())

async function visit(path: string): Promise<void> {
  await page.goto(`${baseUrl}/${tenant.org.slug}/${path}`)
  await alive(page)
}
const chart = () => page.locator('[data-panel="operations.requests"]')

describe('what happened in a range', () => {
  it('is marked on charts over time, said on focus, and leads to its thing', async () => {
    await visit('operations?range=24h')
    await expect
      .poll(() => page.locator('[data-annotations]').innerText(), WAIT)
      .toMatch(/1 release\s+1 change of a budget/)
    const mark = chart().locator('[data-annotation="release"]')
    await mark.locator('> a').focus()
    await mark.getByRole('listitem').getByText(RELEASE).waitFor()
    expect(await mark.locator('> a').getAttribute('aria-label')).toBe(RELEASE)
    expect(await chart().locator('[data-annotation="budget"] > a').getAttribute('href')).toMatch(/\/budgets\/bdg_/)
    await mark.locator('> a').click()
    await page.waitForURL(/traces\?.*workflow_id=refund&workflow_version=v2/)
    await alive(page)
    await expect.poll(() => page.locator('tbody tr').count(), WAIT).toBe(3)
  })

  it('is in the table behind the chart, in the row of its time', async () => {
    await visit('operations?range=24h')
    await chart().getByText('Show as table').click()
    const rows = chart()
      .locator('tbody tr')
      .filter({ has: page.getByRole('link', { name: RELEASE }) })
    await expect.poll(() => rows.count(), WAIT).toBe(1)
    // The interval in which the three requests of the version are.
    expect(await rows.first().innerText()).toMatch(/\b3\b/)
    const budget = chart().locator('tbody').getByRole('link', { name: BUDGET })
    expect(await budget.count()).toBe(1)
    await budget.click()
    await page.waitForURL(/\/budgets\/bdg_/)
  })

  it('is hidden by the URL, and shown again', async () => {
    await visit('operations?range=24h')
    await page.getByRole('link', { name: 'Hide changes on charts' }).click()
    await page.waitForURL(/changes=off/)
    await expect.poll(() => page.locator('[data-annotation]').count(), WAIT).toBe(0)
    await page.getByRole('link', { name: 'Mark changes on charts' }).click()
    await chart().locator('[data-annotation="release"]').waitFor()
  })

  it('is on the overview, which has no mark of what is not in the range', async () => {
    await visit('overview?range=24h')
    await page.locator('figure [data-annotation="release"]').first().waitFor()
    await visit('overview?range=1h')
    await expect.poll(() => page.locator('[data-annotations]').innerText(), WAIT).toMatch(/^1 change of a budget\s/)
  })
})

it.each([
  { width: 360, colorScheme: 'light' as const },
  { width: 1280, colorScheme: 'dark' as const },
])('has no axe violations and does not scroll sideways at $width px, $colorScheme', async ({ width, colorScheme }) => {
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize({ width, height: 1000 })
  await visit('operations?range=24h')
  const mark = chart().locator('[data-annotation="release"]')
  await mark.locator('> a').focus()
  await mark.getByRole('listitem').first().waitFor()
  if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/changes-${width}.png` })
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
})

it('logs no error in the console', () => {
  expect(problems).toEqual([])
})
