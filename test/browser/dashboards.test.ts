import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { SavedView } from '../../workers/contract/dashboard.ts'
import { expectReadable } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, expectCall, joinOrg, newTraceId, sendEvents, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
let other: Page
const faults: string[] = []

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  const member = await joinOrg(tenant.session, tenant.org.id, 'finance')
  // Axe needs its own script in the page.
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true })).newPage()
  other = await (await signedIn(browser, member)).newPage()
  for (const one of [page, other]) {
    one.setDefaultTimeout(20_000)
    one.on('pageerror', (error) => faults.push(error.message))
    one.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  }
  const events = Array.from({ length: 10 }, (_, i) => ({
    event_type: 'agent.request.completed' as const,
    timestamp: new Date(Date.now() - i * 1000).toISOString(),
    trace_id: newTraceId(),
    span_id: `00000000000000${10 + i}`,
    agent_id: i < 3 ? 'support' : 'sales',
    status: 'ok' as const,
    latency_ms: 900,
  }))
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
}, 60_000)
afterAll(() => browser?.close())

const at = (path = '') => `${baseUrl}/${tenant.org.slug}${path}`
const open = async (on: Page, path: string) => {
  await on.goto(at(path))
  await alive(on)
}
const titles = () => page.getByRole('main').locator('[data-panel] h2').allInnerTexts()
const cards = () => page.locator('[data-drop] h3').allInnerTexts()

/** In both schemes, on a narrow and on a wide screen. */
const expectClean = () =>
  expectReadable(page, [
    [360, 'light'],
    [1280, 'light'],
    [360, 'dark'],
    [1280, 'dark'],
  ])

describe('a saved view', () => {
  it('keeps range and filters under a name, for oneself and then for all', { timeout: 120_000 }, async () => {
    await open(page, '/governance?range=7d&agent_id=support')
    await page.getByRole('button', { name: 'Save view' }).click()
    await page.getByLabel('Name').fill('Support this week')
    await page.getByRole('dialog').getByRole('button', { name: 'Save view' }).click()
    await page.getByText('“Support this week” is saved.').waitFor()
    await open(other, '/governance')
    await other.getByText('Saved views').click()
    await other.getByText('None yet.').waitFor()

    await page.getByText('Saved views', { exact: true }).click()
    await page.getByRole('button', { name: 'Change Support this week' }).click()
    await page.getByLabel('Share it with all members').check()
    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByText('all members see it').waitFor()
    await open(other, '/operations')
    await other.getByText('Saved views').click()
    expect(await other.getByRole('button', { name: 'Delete Support this week' }).count()).toBe(0)
    await other.getByRole('link', { name: /^Support this week/ }).click()
    await other.waitForURL(/\/governance\?range=7d&agent_id=support$/)
    await other.getByLabel('Remove the filter Agent support').waitFor()
  })

  it('is deleted, and back again when that is undone', { timeout: 60_000 }, async () => {
    await open(page, '/governance')
    await page.getByText('Saved views', { exact: true }).click()
    await page.getByRole('button', { name: 'Delete Support this week' }).click()
    await page.getByText('None yet.').waitFor()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('“Support this week” is there again.').waitFor()
    await page.getByText('Saved views', { exact: true }).click()
    await page.getByRole('link', { name: /^Support this week/ }).waitFor()
  })
})

describe('a dashboard', () => {
  it('begins as a copy of a view, and is arranged by keyboard', { timeout: 180_000 }, async () => {
    await open(page, '/dashboards')
    await page.getByText('No dashboards yet').waitFor()
    await expectClean()
    await page.setViewportSize({ width: 1280, height: 900 })
    await open(page, '/governance?range=7d')
    const wanted = await titles()
    await page.getByRole('button', { name: 'Duplicate as dashboard' }).click()
    await page.getByRole('heading', { name: 'Edit “Governance of mine”' }).waitFor()
    const before = await cards()
    expect(before.length).toBe(wanted.length)
    expect(before.length).toBeGreaterThan(4)
    await page.getByLabel('Name').fill('Mornings')
    const [first = '', second = '', third = ''] = before
    await page.getByRole('button', { name: `Move ${first} down` }).focus()
    await page.keyboard.press('Enter')
    await page.getByText(`${first} is now 2 of ${before.length}.`).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText(`${first} is now 3 of ${before.length}.`).waitFor()
    expect((await cards()).slice(0, 3)).toEqual([second, third, first])
    await page.getByRole('button', { name: `Remove ${second}` }).click()
    await page.getByLabel(`Width of ${third}`).selectOption('the whole width')
    await page.getByLabel('Search for a panel').fill('operations')
    await page.getByRole('button', { name: /Add$/ }).first().click()
    await page.getByText(/ is added, \d+ of \d+\./).waitFor()
    await expectLeaveGuarded()
    const arranged = await cards()
    await page.getByRole('button', { name: 'Save dashboard' }).click()
    await page.getByRole('heading', { name: 'Mornings', level: 1 }).waitFor()
    expect(page.url()).toMatch(/\?range=7d$/)
    await alive(page)
    await page.reload()
    await alive(page)
    const shown = (await titles()).map((title) => title.split('\n')[0]?.trim())
    expect(shown).toEqual(arranged)
    expect(await page.locator('[data-panel]').first().getAttribute('class')).toContain('xl:col-span-12')
    await expectClean()
  })

  it('is arranged with a mouse, and left as it was after a question', { timeout: 120_000 }, async () => {
    await page.setViewportSize({ width: 1280, height: 900 })
    await page.getByRole('link', { name: 'Edit', exact: true }).click()
    await page.getByRole('heading', { name: 'Edit “Mornings”' }).waitFor()
    await expectClean()
    await page.setViewportSize({ width: 1280, height: 1600 })
    const [first = '', second = '', third = ''] = await cards()
    const grip = page.locator('[data-drop]').nth(2).getByTitle('Drag to another place')
    await grip.scrollIntoViewIfNeeded()
    await grip.hover()
    await page.mouse.down()
    await page.locator('[data-drop]').nth(0).hover()
    await page.mouse.up()
    expect((await cards()).slice(0, 3)).toEqual([third, first, second])
    await page.getByRole('link', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Leave', exact: true }).click()
    await page.getByRole('link', { name: 'Edit', exact: true }).waitFor()
  })

  it('opens with its own range, and says which panels no longer exist', { timeout: 60_000 }, async () => {
    const panels = [
      { id: 'operations.gone', span: 6 },
      { id: 'governance.figures', span: 12 },
    ]
    const { id } = await expectCall(tenant.session, 'POST', `/api/v1/orgs/${tenant.org.id}/views`, {
      status: 201,
      schema: SavedView,
      body: { kind: 'dashboard', name: 'Old', shared: true, content: { panels, query: 'range=30d' } },
    })
    await page.setViewportSize({ width: 1280, height: 900 })
    await open(page, `/dashboards/${id}`)
    expect(page.url()).toMatch(/\?range=30d$/)
    await page.getByText('A panel of this dashboard no longer exists: operations.gone.').waitFor()
    await page.getByRole('link', { name: 'Edit it' }).click()
    await page.getByText('This panel no longer exists.').waitFor()
    await page.getByRole('button', { name: 'Remove operations.gone' }).click()
    await page.getByRole('button', { name: 'Save dashboard' }).click()
    await page.getByRole('heading', { name: 'Old', level: 1 }).waitFor()
    expect(await page.getByText('no longer exists').count()).toBe(0)
    await open(other, `/dashboards/${id}`)
    await other.getByText('A dashboard, shared by').waitFor()
    expect(await other.getByRole('link', { name: 'Edit', exact: true }).count()).toBe(0)
    await other.getByRole('button', { name: 'Duplicate' }).click()
    await other.getByRole('heading', { name: 'Edit “Old, copy”' }).waitFor()
  })

  it('is deleted, and back again when that is undone', { timeout: 60_000 }, async () => {
    await open(page, '/dashboards')
    await page.getByRole('button', { name: 'Delete Mornings' }).click()
    await page.getByText('“Mornings” is deleted.').waitFor()
    await page.getByRole('link', { name: 'Mornings' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('link', { name: 'Mornings' }).click()
    await page.getByRole('heading', { name: 'Mornings', level: 1 }).waitFor()
  })

  it('tells the browser’s console of no fault', () => expect(faults).toEqual([]))
})

/** A link elsewhere asks first, and staying keeps what was arranged. */
async function expectLeaveGuarded(): Promise<void> {
  const before = await cards()
  await page.getByRole('link', { name: 'Cancel' }).click()
  await page.getByRole('dialog').getByText('Leave without saving?').waitFor()
  await page.getByRole('button', { name: 'Go on editing' }).click()
  expect(await cards()).toEqual(before)
}
