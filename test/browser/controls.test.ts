import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable, violations } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createKey, createTenant } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
let guardKey: string

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  guardKey = (await createKey(tenant.session, tenant.projectId, ['guard'])).key
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true })).newPage()
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
const call = { estimate_usd: '0', agent_id: 'support', provider: 'openai', model: 'gpt-4o' }

describe('a run-time control', () => {
  it('is made and stops an agent, and says what is wrong with it before', async () => {
    await page.goto(`${baseUrl}/${tenant.org.slug}/budgets`)
    await page.getByRole('link', { name: 'Run-time controls' }).click()
    await page.getByText('No controls yet').waitFor()
    await alive(page)
    await page.getByLabel('Name', { exact: true }).fill('Support bots')
    await page.getByRole('button', { name: 'Make control' }).click()
    await page.getByText('A control needs at least one').waitFor()
    await page.getByLabel('For', { exact: true }).selectOption('agent')
    await page.getByLabel('Its id, as events carry it').fill('support')
    await page.getByLabel('Most retries').fill('many')
    await page.getByRole('button', { name: 'Make control' }).click()
    await page.getByText('expected number').waitFor()
    await page.getByLabel('Most retries').fill('2')
    await page.getByText('Only some tools').click()
    await page.getByLabel('Tools that are allowed').fill('search, read_file')
    await page.getByText('Circuit breaker', { exact: true }).click()
    await page.getByLabel('Of at least so many calls').fill('2')
    await page.getByRole('button', { name: 'Make control' }).click()
    await page.getByText('“Support bots” is there.').waitFor()
    await page.getByText('only the tools read_file, search').waitFor()
    expect(await ask('reserve', { ...call, attempt: 3 })).toMatchObject({ reason: 'retry_cap' })
    expect(await ask('reserve', { ...call, tool_name: 'shell' })).toMatchObject({ reason: 'tool_not_allowed' })
    expect(await violations(page)).toEqual([])
  })

  it('is changed', async () => {
    await page.getByRole('link', { name: 'Change Support bots' }).click()
    const retries = page.getByLabel('Most retries')
    await page.getByText('Change “Support bots”').waitFor()
    expect(await retries.inputValue()).toBe('2')
    await retries.fill('5')
    await page.getByText('Only some tools').click()
    await page.getByRole('button', { name: 'Save control' }).click()
    await page.getByText('at most 5 retries').waitFor()
    await page.getByRole('button', { name: 'Make control' }).waitFor()
    expect(await ask('reserve', { ...call, attempt: 3, tool_name: 'shell' })).toMatchObject({ decision: 'allow' })
  })

  it('shows a breaker that opened and by what, and closes it by hand', async () => {
    for (let i = 0; i < 2; i++) {
      const { reservation_id } = await ask('reserve', call)
      await ask('settle', { reservation_id, cost_usd: '0', status: 'error', error_type: 'rate_limit' })
    }
    expect(await ask('reserve', call)).toMatchObject({ reason: 'circuit_open' })
    await page.getByText(/100\s?% of 2 calls had failed/).waitFor()
    await expectReadable(page, [
      [360, 'light'],
      [360, 'dark'],
    ])
    await page.getByRole('button', { name: 'Close the breaker of openai · gpt-4o' }).click()
    await page.getByText('The circuit breaker is closed').waitFor()
    expect(await ask('reserve', call)).toMatchObject({ decision: 'allow' })
  })

  it('lets go of who leaves, however slow the next page is', async () => {
    const slow = /\/budgets\/__data\.json/
    // Longer than the list waits before it asks anew.
    await page.route(slow, (route) => sleep(3_500).then(() => route.continue()))
    await page.getByRole('main').getByRole('link', { name: 'Budgets', exact: true }).click()
    await page.waitForURL(/\/budgets(\?|$)/)
    await page.unroute(slow)
    await page.goBack()
    await page.getByRole('heading', { name: 'Run-time controls' }).waitFor()
  })

  it('is removed after a question', async () => {
    await page.getByRole('link', { name: 'Remove Support bots' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove control' }).click()
    await page.getByText('No controls yet').waitFor()
    expect(await ask('reserve', { ...call, attempt: 9 })).toMatchObject({ decision: 'allow', controls: null })
  })
})
