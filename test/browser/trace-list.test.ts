import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { bigTrace, richTrace } from '../support/example-traces.ts'
import { createTenant, newTraceId, sendEvents, traceOf, untilTrace } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const OTHERS = 171
const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let context: BrowserContext
const ids = { rich: newTraceId(), big: newTraceId() }

beforeAll(async () => {
  browser = await launchBrowser()
  tenant = await createTenant(baseUrl)
  const now = Date.now()
  const many = Array.from({ length: OTHERS }, (_, index) =>
    traceOf(newTraceId(), 1, '0.001', now - 600_000 - index * 1000),
  ).flat()
  await sendEvents(baseUrl, tenant.key, many)
  await sendEvents(baseUrl, tenant.key, richTrace(ids.rich, now - 60_000))
  await sendEvents(baseUrl, tenant.key, bigTrace(ids.big, 20, now - 120_000))
  await Promise.all(Object.values(ids).map((id) => untilTrace(tenant.session, tenant.projectId, id)))
  context = await open({})
})
afterAll(() => browser?.close())

function open(options: BrowserContextOptions): Promise<BrowserContext> {
  return signedIn(browser, tenant.session, { timezoneId: 'Europe/Berlin', ...options })
}

async function visit(path: string, within = context): Promise<Page> {
  const page = await within.newPage()
  const answer = await page.goto(`${baseUrl}/${tenant.org.slug}/${path}`)
  expect(answer?.status()).toBe(200)
  if (within === context) await alive(page)
  return page
}

describe('traces', () => {
  it('filters by the URL, says what is set, and clears it', async () => {
    const page = await visit('traces?status=error&q=refund')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1)
    await page.getByLabel('Search traces').fill('no such thing')
    await page.getByText('No trace matches').waitFor()
    await page.getByRole('main').getByRole('link', { name: 'Clear filters' }).last().click()
    await page.locator('tbody tr').nth(49).waitFor()
    expect(new URL(page.url()).searchParams.has('status')).toBe(false)
    await page.close()
  })

  it('loads more below, to the end, draws only what is near, and opens a trace', async () => {
    const page = await visit('traces')
    for (const shown of [100, 150]) {
      await page.getByRole('link', { name: 'Load more' }).click()
      await page.getByText(`${shown} shown`).waitFor()
    }
    await page.getByRole('link', { name: 'Load more' }).click()
    await page.getByText(/That is all: 173 traces/).waitFor()
    await page.evaluate('scrollTo(0, document.body.scrollHeight)')
    await page.locator('tr[aria-rowindex="174"]').waitFor()
    const rows = page.locator('tbody tr[aria-rowindex]')
    await expect.poll(() => rows.count()).toBeLessThan(100)
    expect(await page.locator('table').first().getAttribute('aria-rowcount')).toBe('174')
    await page.evaluate('scrollTo(0, 0)')
    await page.locator('tbody').getByRole('link', { name: 'crawl' }).click()
    await page.waitForURL(new RegExp(`/traces/${ids.big}`))
    await page.close()
  })

  it('sorts across pages by the URL, and keeps the columns that were chosen', async () => {
    const page = await visit('traces')
    await page.getByRole('columnheader', { name: 'Cost' }).getByRole('link').click()
    await page.waitForURL(/sort=cost_usd/)
    await page.locator('th[aria-sort="descending"]', { hasText: 'Cost' }).waitFor()
    const first = page.locator('tbody tr').first()
    await expect.poll(() => first.innerText()).toContain('$0.01')
    await page.getByRole('columnheader', { name: 'Cost' }).getByRole('link').click()
    await page.waitForURL(/order=asc/)
    await expect.poll(() => first.innerText()).toContain('$0.00')
    await page.locator('summary', { hasText: 'Columns' }).click()
    await page.getByRole('checkbox', { name: 'Models' }).uncheck()
    await page.getByRole('checkbox', { name: 'Session' }).check()
    await page.reload()
    await alive(page)
    await page.getByRole('columnheader', { name: 'Session' }).waitFor()
    expect(await page.getByRole('columnheader', { name: 'Models' }).count()).toBe(0)
    expect(new URL(page.url()).searchParams.get('order')).toBe('asc')
    await page.evaluate('localStorage.clear()')
    await page.close()
  })

  it('works without JavaScript: rows are there, heads sort, and the next page is a link', async () => {
    const plain = await open({ javaScriptEnabled: false })
    const page = await visit('traces?sort=duration_ms', plain)
    expect(await page.locator('tbody tr').count()).toBe(50)
    await page.getByRole('link', { name: 'Load more' }).click()
    await page.waitForURL(/cursor=/)
    expect(await page.locator('tbody tr').count()).toBe(50)
    await page.getByRole('columnheader', { name: 'Time' }).getByRole('link').click()
    await page.waitForURL((url) => !url.searchParams.has('sort') && !url.searchParams.has('cursor'))
    await plain.close()
  })
})
