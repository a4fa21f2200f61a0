import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable, violations } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { call, createTenant, sendEvents, untilApplied } from '../support/harness.ts'
import { signedIn } from '../support/page.ts'
import { officeHours } from '../support/spending.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const HISTORY_DAYS = 40
const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true, timezoneId: 'UTC' })).newPage()
  page.setDefaultTimeout(15_000)
}, 60_000)
afterAll(() => browser?.close())

/** What agents spent in office hours of the last weeks, up to this hour. */
async function spend(): Promise<void> {
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  const events = []
  for (let at = now - HISTORY_DAYS * DAY_MS; at < now; at += HOUR_MS) {
    if (officeHours(at) === 0) continue
    events.push({
      event_type: 'agent.request.completed' as const,
      timestamp: at,
      trace_id: `t${at}`,
      span_id: 's',
      agent_id: 'clerk',
      cost_usd: (officeHours(at) / 1e9).toFixed(9),
    })
  }
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
}

const make = (body: object) =>
  call<{ id: string }>(tenant.session, 'POST', `/api/v1/orgs/${tenant.org.id}/budgets`, {
    scope: { type: 'org' },
    period: 'month',
    ...body,
  })

const expectGood = () =>
  expectReadable(page, [
    [1280, 'light'],
    [1280, 'dark'],
    [360, 'light'],
    [360, 'dark'],
  ])

describe('a forecast', () => {
  it('is asked for by the overview, which leads to making a budget', async () => {
    await page.goto(`${baseUrl}/${tenant.org.slug}/overview`)
    await page.getByText('No budget limits what agents spend').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('link', { name: 'Make a budget' }).click()
    await page.getByText('No budgets yet').waitFor()
  })

  it('shows on the overview and in the list what the month will cost', async () => {
    await spend()
    await make({ name: 'Everything', limit_usd: '100', planned_usd: {} })
    await make({ name: 'Clerks', limit_usd: '5000', scope: { type: 'agent', id: 'clerk' } })
    await make({ name: 'Nobody', limit_usd: '10', scope: { type: 'agent', id: 'nobody' } })
    await page.goto(`${baseUrl}/${tenant.org.slug}/budgets`)
    await page
      .getByText(/expected, overrun risk/)
      .first()
      .waitFor()
    await page.goto(`${baseUrl}/${tenant.org.slug}/overview`)
    const panel = page.getByRole('region', { name: 'Spend against budget' })
    await panel
      .getByText(/overrun risk/)
      .first()
      .waitFor()
    expect(await panel.getByRole('link').allTextContents()).toEqual(['Budgets', 'Everything', 'Clerks', 'Nobody'])
    await panel.getByText('too little history').waitFor()
    await expectGood()
  })

  it('is drawn as a burn-down with its intervals, and told as a table', async () => {
    await page.setViewportSize({ width: 1280, height: 900 })
    await page.getByRole('region', { name: 'Spend against budget' }).getByRole('link', { name: 'Everything' }).click()
    await page.getByRole('heading', { name: 'Everything' }).waitFor()
    const chart = page.getByRole('figure', { name: 'Burn-down' })
    await chart.locator('svg path').first().waitFor()
    for (const label of ['95 % interval', '80 % interval', 'Spent', 'Expected', 'Limit'])
      await chart.getByLabel('Legend').getByText(label, { exact: true }).waitFor()
    await chart.getByText(/seasonal decomposition of \d+ days/).waitFor()
    await chart.getByText('Show as table').click()
    const last = chart.locator('tbody tr').last()
    await last.waitFor()
    expect(await last.getByRole('cell').allTextContents()).toEqual([
      expect.stringMatching(/^\$[\d,.]+ – \$[\d,.]+$/),
      expect.stringMatching(/^\$[\d,.]+ – \$[\d,.]+$/),
      expect.any(String),
      expect.stringMatching(/^\$[\d,.]+$/),
      '$100.00',
    ])
  })

  it('stands beside the plan of the month', async () => {
    const month = new Date().toLocaleDateString('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' })
    await page.getByLabel(`Plan for ${month}`).fill('a lot')
    await page.getByRole('button', { name: 'Save plan' }).click()
    await page.getByText('Give an amount like 250.00').waitFor()
    await page.getByLabel(`Plan for ${month}`).fill('0.01')
    await page.getByRole('button', { name: 'Save plan' }).click()
    await page.getByText('The plan is saved.').waitFor()
    const plan = page.getByRole('region', { name: 'Against plan, table' })
    await plan.getByRole('row', { name: month }).getByText('$0.01').waitFor()
    await page.getByLabel('Legend').getByText('Planned', { exact: true }).waitFor()
    await page.getByLabel(`Plan for ${month}`).fill('700')
    await page.getByRole('button', { name: 'Save plan' }).click()
    await plan.getByText('$700.00').waitFor()
    expect(await page.getByLabel(`Plan for ${month}`).inputValue()).toBe('700')
  })

  it('is readable in both schemes, and on a telephone', async () => {
    await expectGood()
  })
})
