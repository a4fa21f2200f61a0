import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, newTraceId, sendEvents, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
/** Objectives are judged each minute. */
const JUDGED_MS = 90_000
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  // Axe needs its own script in the page.
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true })).newPage()
  page.setDefaultTimeout(10_000)
  const events = Array.from({ length: 40 }, (_, i) => ({
    event_type: 'agent.request.completed' as const,
    timestamp: new Date(Date.now() - i * 1000).toISOString(),
    trace_id: newTraceId(),
    span_id: `00000000000000${10 + i}`,
    agent_id: 'support',
    status: i % 4 === 0 ? ('ok' as const) : ('error' as const),
    latency_ms: 900,
    ...(i % 4 !== 0 && { error_type: 'timeout' as const }),
  }))
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
}, 60_000)
afterAll(() => browser?.close())

const at = (path = '') => `${baseUrl}/${tenant.org.slug}/slos${path}`

/** In both schemes, on a narrow and on a wide screen. */
const expectClean = () =>
  expectReadable(page, [
    [360, 'light'],
    [1280, 'light'],
    [360, 'dark'],
    [1280, 'dark'],
  ])

describe('an objective', () => {
  it('is made, judged within a minute, and shows its error budget', { timeout: JUDGED_MS + 60_000 }, async () => {
    await page.goto(at())
    await page.getByText('No objectives yet').waitFor()
    await alive(page)
    await page.getByRole('link', { name: 'Make an objective' }).first().click()
    await page.getByLabel('Name').fill('Requests succeed')
    await page.getByLabel('Objective in percent').fill('100')
    await page.getByRole('button', { name: 'Make objective' }).click()
    await page.getByText(/Too big/).waitFor()
    await page.getByLabel('Objective in percent').fill('99.5')
    await expectTyped()
    await page.getByRole('button', { name: 'Make objective' }).click()
    await page.getByRole('heading', { name: 'Requests succeed' }).waitFor()
    await page.getByText('99.5 % of requests succeed over 28 days.').waitFor()
    await page.getByText('10 of 40 operations succeeded over 28 days').waitFor({ timeout: JUDGED_MS })
    await page.getByText('burning fast').waitFor()
    const rates = page.getByRole('region', { name: 'Burn rates' })
    expect(await rates.getByRole('row').nth(1).innerText()).toMatch(
      /critical\s+150×\s+1 h\s+150×\s+5 min\s+14.4×\s+firing/,
    )
    await page.getByText('Show as table').click()
    await page.getByText('error budget used 150× over; 25 % good that day').waitFor()
    await expectClean()
  })

  it('stands at the top of the list, the most urgent first', async () => {
    await page.goto(at('/new'))
    await alive(page)
    await page.getByLabel('Name').fill('Fast enough')
    await page.getByLabel('What is measured').selectOption('Latency')
    await page.getByLabel('Good is at most, in milliseconds').fill('2000')
    await page.getByRole('button', { name: 'Make objective' }).click()
    await page.getByText('99 % of requests take at most 2,000 ms over 28 days.').waitFor()
    await page.goto(at())
    await alive(page)
    const names = await page.getByRole('main').getByRole('listitem').getByRole('link').allInnerTexts()
    expect(names).toEqual(['Requests succeed', 'Fast enough'])
    await expectClean()
  })

  it('is changed and removed after a question', async () => {
    await page.goto(at())
    await page.getByRole('link', { name: 'Fast enough' }).click()
    await page.getByLabel('Good is at most, in milliseconds').fill('500')
    await page.getByRole('button', { name: 'Save objective' }).click()
    await page.getByText('The objective is saved.').waitFor()
    await page.getByText('99 % of requests take at most 500 ms over 28 days.').waitFor()
    await page.getByRole('link', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove objective' }).click()
    await page.getByRole('link', { name: 'Requests succeed' }).waitFor()
    expect(await page.getByText('Fast enough').count()).toBe(0)
  })
})

/** What was typed stays where something of it was wrong. */
async function expectTyped(): Promise<void> {
  expect(await page.getByLabel('Name').inputValue()).toBe('Requests succeed')
}
