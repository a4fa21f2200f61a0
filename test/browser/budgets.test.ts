import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable, violations } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createKey, createTenant, newTraceId, sendEvents, traceOf, untilTrace } from '../support/harness.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
let guardKey: string

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  guardKey = (await createKey(tenant.session, tenant.projectId, ['guard'])).key
  const context = await browser.newContext({ bypassCSP: true })
  await context.addCookies(
    tenant.session.cookie.split('; ').map((pair) => ({
      name: pair.slice(0, pair.indexOf('=')),
      value: pair.slice(pair.indexOf('=') + 1),
      url: baseUrl,
    })),
  )
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
}, 60_000)
afterAll(() => browser?.close())

async function ask(path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${baseUrl}/v1/guard/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${guardKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const told: Record<string, unknown> = await answer.json()
  return told
}

describe('a budget', () => {
  it('is made, holds an agent back, and shows what is spent and reserved', async () => {
    await page.goto(`${baseUrl}/${tenant.org.slug}/overview`)
    await page.getByRole('link', { name: 'Budgets' }).click()
    await page.getByText('No budgets yet').waitFor()
    await page.getByLabel('Name').fill('All agents')
    await page.getByRole('button', { name: 'Make budget' }).click()
    await page.getByText('must be US dollars').waitFor()
    await page.getByLabel('Limit in US dollars').fill('1.00')
    await page.getByRole('button', { name: 'Make budget' }).click()
    await page.getByText('“All agents” is there.').waitFor()
    const first = await ask('reserve', { estimate_usd: '0.60', agent_id: 'support', model: 'gpt-4o' })
    expect(first).toMatchObject({ decision: 'allow' })
    expect(await ask('reserve', { estimate_usd: '0.60' })).toMatchObject({ decision: 'deny' })
    await page.getByText('$0.60 reserved, $0.40 left').waitFor()
    await page.getByText('support with gpt-4o').waitFor()
    const trace = newTraceId()
    await sendEvents(baseUrl, tenant.key, traceOf(trace, 1, '0.25'))
    await untilTrace(tenant.session, tenant.projectId, trace)
    await page.getByText('$0.60 reserved, $0.15 left').waitFor()
    expect(await violations(page)).toEqual([])
  })

  it('gets more room for a while, and lets go of a reservation', async () => {
    await page.getByRole('link', { name: 'Ask for more in All agents' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Amount in US dollars').fill('2')
    await dialog.getByLabel('Why').fill('the launch')
    await dialog.getByRole('button', { name: 'Ask for it' }).click()
    await page.getByText('$2.00 more in All agents').waitFor()
    await page.getByRole('button', { name: 'Grant' }).click()
    await page.getByText('+ $2.00').waitFor()
    expect(await ask('reserve', { estimate_usd: '2' })).toMatchObject({ decision: 'allow' })
    await page.getByText('$2.60 reserved').waitFor()
    await page
      .getByRole('button', { name: /Let go of rsv_/ })
      .first()
      .click()
    await page.getByText('$0.60 reserved').waitFor()
    await expectReadable(page, [
      [360, 'light'],
      [360, 'dark'],
    ])
  })

  it('is removed after a question', async () => {
    await page.getByRole('link', { name: 'Remove All agents' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove budget' }).click()
    await page.getByText('No budgets yet').waitFor()
    expect(await ask('reserve', { estimate_usd: '100' })).toMatchObject({ decision: 'allow', budgets: [] })
  })
})
