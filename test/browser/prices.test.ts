import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { call, createTenant, newTraceId, sendEvents, until } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
const problems: string[] = []

/** Calls of a model without a price, of one that the catalogue knows, and of one whose cost was reported. */
const EVENTS = [
  { provider: 'acme', model: 'acme-unknown' },
  { provider: 'acme', model: 'acme-unknown' },
  { provider: 'openai', model: 'gpt-4o' },
  { provider: 'openai', model: 'gpt-4o-mini', cost_usd: '1' },
].map((fields, i) => ({
  event_type: 'agent.step.completed' as const,
  timestamp: Date.now() - 60_000,
  trace_id: newTraceId(),
  span_id: `s${i}`,
  status: 'ok' as const,
  tokens_prompt: 1000,
  tokens_completion: 500,
  ...fields,
}))

const spend = async () => {
  const { body } = await call<{ total_cost_usd: string }>(tenant.session, 'GET', `/api/v1/orgs/${tenant.org.id}/spend`)
  return body.total_cost_usd
}
const table = () => page.getByRole('table', { name: 'Models and tools that were used' })
const firstCells = async () => (await table().locator('tbody th').allTextContents()).map((text) => text.trim())

async function shoot(folder: string): Promise<void> {
  for (const [width, colorScheme] of [
    [360, 'light'],
    [1280, 'dark'],
    [1280, 'light'],
  ] as const) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 900 })
    await page.screenshot({ path: `${folder}/prices-${width}-${colorScheme}.png`, fullPage: true })
  }
}

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl, 'eu')])
  await sendEvents(baseUrl, tenant.key, EVENTS)
  await until(async () => ((await spend()) === '1.007500000' ? true : undefined))
  const context = await signedIn(browser, tenant.session, { bypassCSP: true })
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(error.message))
}, 60_000)
afterAll(() => browser?.close())

describe('models and prices', () => {
  it('lists what was used, what has no price first, and sorts it', async () => {
    await page.goto(`${baseUrl}/${tenant.org.slug}/settings/prices`)
    await alive(page)
    await expect.poll(firstCells).toEqual(['acme / acme-unknown', 'openai / gpt-4o-mini', 'openai / gpt-4o'])
    expect(await page.locator('[data-unpriced]').innerText()).toContain('2 calls have no price')
    const mini = table().getByRole('row', { name: /gpt-4o-mini/ })
    expect(await mini.textContent()).toMatch(/\$1\.00.*reported 1.*\$0\.15 in, \$0\.60 out/s)
    const known = table().getByRole('row', { name: /openai \/ gpt-4o / })
    expect(await known.textContent()).toMatch(/\$0\.0075.*computed 1.*openai\/gpt-4o/s)
    await table().getByRole('button', { name: 'Model or tool' }).press('Enter')
    await expect.poll(firstCells).toEqual(['acme / acme-unknown', 'openai / gpt-4o', 'openai / gpt-4o-mini'])
    await page.getByText('Nothing was priced anew so far').waitFor()
    await page.getByRole('link', { name: 'last hour' }).click()
    await expect.poll(() => page.url()).toContain('range=1h')
    await expect.poll(firstCells).toHaveLength(3)
  })

  it('shows the difference before it is booked, and then in the books', async () => {
    await page.getByRole('button', { name: 'Reprice…' }).click()
    const dialog = page.getByRole('dialog')
    for (const source of ['Calls without a price', 'Costs that were computed'])
      await dialog.getByLabel(source).uncheck()
    await dialog.getByRole('button', { name: 'Show the difference' }).click()
    await dialog.getByText('Choose which costs are computed anew.').waitFor()
    await expectReadable(
      page,
      [
        [360, 'light'],
        [360, 'dark'],
      ],
      'dialog',
    )
    await dialog.getByLabel('Costs that clients reported').check()
    await dialog.getByLabel('Calls without a price').check()
    await dialog.getByRole('button', { name: 'Show the difference' }).click()
    await expect.poll(() => dialog.count()).toBe(0)
    await page.getByText('1 call would change; 2 calls without a price still').waitFor()
    expect(await spend()).toBe('1.007500000')
    await page.getByRole('button', { name: 'Book the difference…' }).click()
    await page.getByRole('dialog').getByText('$0.99955').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Book it' }).click()
    await page.getByText('1 call changed; 2 calls without a price still').waitFor()
    expect(await spend()).toBe('0.007950000')
    const mini = table().getByRole('row', { name: /gpt-4o-mini/ })
    await expect.poll(() => mini.textContent()).toMatch(/\$0\.00045.*computed 1/s)
    // What the preview found is old now.
    await expect.poll(() => page.getByRole('button', { name: 'Book the difference…' }).count()).toBe(0)
    await page.getByText('By model').first().click()
    await page.getByText('1 of 1 priced').first().waitFor()
  })

  it('takes a price of one’s own, by which calls without one are then priced', async () => {
    await page.getByRole('button', { name: 'Add a price…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Model').fill('acme-unknown')
    await dialog.getByLabel('Input').fill('two')
    await dialog.getByRole('button', { name: 'Add price' }).click()
    await dialog.getByText('Input: must be US dollars').waitFor()
    expect(await dialog.getByLabel('Model').inputValue()).toBe('acme-unknown')
    await expectReadable(
      page,
      [
        [360, 'light'],
        [360, 'dark'],
      ],
      'dialog',
    )
    await dialog.getByLabel('Input').fill('2')
    await dialog.getByLabel('Output').fill('4')
    // The calls came before now.
    await dialog.getByLabel('From', { exact: true }).fill('2026-01-01T00:00')
    await dialog.getByRole('button', { name: 'Add price' }).click()
    await expect.poll(() => dialog.count()).toBe(0)
    await page.getByText('$2 in, $4 out a million tokens').waitFor()
    await expect
      .poll(() =>
        table()
          .getByRole('row', { name: /acme-unknown/ })
          .textContent(),
      )
      .toMatch(/\$2\.00 in, \$4\.00 out/)
    await page.getByRole('button', { name: 'Reprice…' }).click()
    await dialog.getByLabel('Model').selectOption({ label: 'acme / acme-unknown (without price)' })
    await dialog.getByRole('button', { name: 'Show the difference' }).click()
    await page.getByText('2 calls would change').waitFor()
    await page.getByRole('button', { name: 'Book the difference…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Book it' }).click()
    await page.getByText('2 calls changed').waitFor()
    // 1,000 in and 500 out, twice.
    expect(await spend()).toBe('0.015950000')
    await expect.poll(() => page.locator('[data-unpriced]').count()).toBe(0)
    await page.getByRole('button', { name: 'End the price of acme-unknown' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
    await page.getByText('The price has ended').waitFor()
    await page.getByText('ended', { exact: true }).waitFor()
  })

  it('reads well, narrow and wide, light and dark, and nothing went wrong', async () => {
    await expectReadable(page, [
      [360, 'light'],
      [360, 'dark'],
      [1280, 'light'],
      [1280, 'dark'],
    ])
    if (process.env['SHOTS']) await shoot(process.env['SHOTS'])
    expect(problems).toEqual([])
  })
})
