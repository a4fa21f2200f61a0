import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable, type Look } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import {
  createKey,
  createOrg,
  createProject,
  createTenant,
  joinOrg,
  newTraceId,
  sendEvents,
  traceOf,
  untilTrace,
} from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let context: BrowserContext
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
const ids = { first: newTraceId(), second: newTraceId() }

beforeAll(async () => {
  browser = await launchBrowser()
  tenant = await createTenant(baseUrl)
  const { session, org, projectId } = tenant
  await createOrg(session, { name: 'Globex' })
  const billing = await createProject(session, org.id, 'Billing')
  const { key } = await createKey(session, billing.id)
  await sendEvents(baseUrl, tenant.key, traceOf(ids.first))
  await sendEvents(
    baseUrl,
    key,
    traceOf(ids.second).map((event) => ({ ...event, agent_id: 'invoice clerk' })),
  )
  await untilTrace(session, projectId, ids.first)
  await untilTrace(session, billing.id, ids.second)
  context = await signedIn(browser, session, { bypassCSP: true, permissions: ['clipboard-read', 'clipboard-write'] })
  page = await context.newPage()
})

afterAll(async () => {
  await browser?.close()
})

const palette = (of = page) => of.getByRole('dialog', { name: 'Search and commands' })
const field = (of = page) => of.getByRole('combobox', { name: 'Search and commands' })
const hasFocus = (place: Locator) => place.and(page.locator(':focus')).waitFor()
const activeOption = () => palette().getByRole('option', { selected: true })

async function visit(path: string): Promise<void> {
  await page.goto(`${baseUrl}/${tenant.org.slug}/${path}`)
  await alive(page)
}

async function openPalette(): Promise<void> {
  await page.keyboard.press('Control+k')
  await palette().waitFor()
  await palette().locator('[aria-busy="true"]').waitFor({ state: 'detached' })
}

async function paste(text: string): Promise<void> {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
  await page.keyboard.press('Control+v')
}

describe('the palette', () => {
  it('opens by keyboard, follows the keys, and goes to a page', async () => {
    await visit('overview')
    await openPalette()
    await hasFocus(field())
    expect(await activeOption().innerText()).toContain('Overview')
    await page.keyboard.press('ArrowDown')
    expect(await activeOption().innerText()).toContain('Operations')
    const described = await field().getAttribute('aria-activedescendant')
    expect(await activeOption().getAttribute('id')).toBe(described)
    await page.keyboard.type('dead')
    await expect.poll(() => activeOption().innerText()).toContain('Dead letters')
    await page.keyboard.press('Enter')
    await page.waitForURL(/settings\/dead-letters/)
    expect(await palette().count()).toBe(0)
  })

  it('begins with what was chosen lately', async () => {
    await openPalette()
    const recent = palette().getByRole('group', { name: 'Recent' })
    expect(await recent.getByRole('option').allInnerTexts()).toEqual([expect.stringContaining('Dead letters')])
    await page.keyboard.press('Escape')
    await palette().waitFor({ state: 'detached' })
  })

  it('gives the focus back where it was', async () => {
    const opener = page.getByRole('button', { name: 'Search…' }).first()
    await opener.focus()
    await page.keyboard.press('Enter')
    await palette().waitFor()
    await page.keyboard.press('Escape')
    await palette().waitFor({ state: 'detached' })
    await hasFocus(opener)
  })

  it('finds agents of every project, and projects and organizations to switch to', async () => {
    await openPalette()
    await field().fill('clerk')
    await palette()
      .getByRole('option', { name: /invoice clerk Billing/ })
      .waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(/traces\?agent_id=invoice\+clerk&range=7d&project=/)
    await page.getByRole('main').getByText('answer-ticket').first().waitFor()
    await openPalette()
    await field().fill('globex')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/[^/]+\/overview$/)
    expect(page.url()).not.toContain(tenant.org.slug)
  })

  it('goes straight to a trace whose id is pasted, in whichever project it is', async () => {
    await visit('overview')
    await openPalette()
    await paste(`00-${ids.second}-00f067aa0ba902b7-01`)
    await page.waitForURL(new RegExp(`/traces/${ids.second}\\?project=`))
    await page.getByRole('tree').waitFor()
    await openPalette()
    await field().fill(ids.first)
    await palette().getByText('Open this trace').waitFor()
    await page.keyboard.press('Enter')
    await page.waitForURL(new RegExp(`/traces/${ids.first}`))
  })

  it('says when there is no such trace, and searches the traces for a text', async () => {
    await openPalette()
    await paste(newTraceId())
    await palette().getByText('No trace has this id, and nothing has this name.').waitFor()
    await field().fill('no such name')
    await palette().getByText('Nothing is called “no such name”.').waitFor()
    await expect.poll(() => palette().getByRole('status').innerText()).toContain('1 choice')
    await page.keyboard.press('Enter')
    await page.waitForURL(/traces\?.*q=no\+such\+name/)
    await page.getByText('No trace matches').waitFor()
  })

  it('says what could not be loaded, and asks again', async () => {
    const asked = '**/api/v1/orgs/*/metrics/query'
    await visit('budgets')
    await page.route(asked, (route) => route.abort())
    await page.keyboard.press('Control+k')
    await palette().getByText('Agents and workflows could not be loaded').waitFor()
    expect(await palette().getByRole('option', { name: 'Traces' }).count()).toBe(1)
    await page.unroute(asked)
    await palette().getByRole('button', { name: 'Try again' }).click()
    await palette()
      .getByRole('option', { name: /invoice clerk/ })
      .waitFor()
    await page.keyboard.press('Escape')
    await palette().waitFor({ state: 'detached' })
  })

  it('switches the colours, and the switch of the rail follows', async () => {
    await openPalette()
    await field().fill('dark')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('dark')
    const dark = page.getByRole('button', { name: 'Dark colours' })
    expect(await dark.getAttribute('aria-pressed')).toBe('true')
    await page.reload()
    await alive(page)
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    await openPalette()
    await field().fill('system')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe('system')
  })

  it('copies a link that names the project', async () => {
    await visit('traces?range=1h')
    await openPalette()
    await field().fill('copy')
    await page.keyboard.press('Enter')
    await page.getByText('The link to this view is copied.').waitFor()
    const copied = await page.evaluate('navigator.clipboard.readText()')
    expect(copied).toContain(`/${tenant.org.slug}/traces?range=1h&project=`)
  })

  it('shows no page that the role may not open', async () => {
    const person = await joinOrg(tenant.session, tenant.org.id, 'approver')
    const own = await signedIn(browser, person)
    const theirs = await own.newPage()
    await theirs.goto(`${baseUrl}/${tenant.org.slug}/overview`)
    await alive(theirs)
    await theirs.keyboard.press('Control+k')
    await field(theirs).fill('settings')
    await palette(theirs)
      .getByRole('option', { name: /^Members/ })
      .waitFor()
    await field(theirs).fill('audit')
    await palette(theirs).getByText('Nothing is called “audit”.').waitFor()
    await own.close()
  })

  it('signs out', async () => {
    const own = await signedIn(browser, await joinOrg(tenant.session, tenant.org.id, 'developer'))
    const theirs = await own.newPage()
    await theirs.goto(`${baseUrl}/${tenant.org.slug}/traces`)
    await alive(theirs)
    await theirs.keyboard.press('Control+k')
    await field(theirs).fill('sign out')
    await theirs.keyboard.press('Enter')
    await theirs.waitForURL(/\/sign-in/)
    await own.close()
  })
})

describe('shortcuts', () => {
  it('go to pages, to the search and to the range', async () => {
    await visit('overview')
    await page.keyboard.press('g')
    await page.keyboard.press('t')
    await page.waitForURL(/\/traces/)
    await alive(page)
    await page.keyboard.press('/')
    const search = page.getByLabel('Search traces')
    await hasFocus(search)
    // In a field they are text.
    await page.keyboard.type('gb?t')
    expect(await search.inputValue()).toBe('gb?t')
    await search.blur()
    await page.keyboard.press('t')
    await page.getByLabel('From', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByLabel('From', { exact: true }).waitFor({ state: 'hidden' })
    await hasFocus(page.getByText('Custom', { exact: true }))
    await visit('operations')
    await page.keyboard.press('/')
    await hasFocus(page.getByLabel('Filter by'))
    await page.locator('main').click({ position: { x: 2, y: 2 } })
    await page.keyboard.press('g')
    await page.keyboard.press('b')
    await page.waitForURL(/\/budgets/)
  })

  it('are listed in a sheet, within which none fires, and can be switched off', async () => {
    await alive(page)
    await page.keyboard.press('Shift+?')
    const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await sheet.waitFor()
    for (const label of ['Overview', 'Traces', 'Settings', 'Search or filter', 'Search and commands'])
      await sheet.getByText(label, { exact: true }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await sheet.getByLabel('Shortcuts of single keys').uncheck()
    await sheet.getByRole('button', { name: 'Close' }).click()
    await sheet.waitFor({ state: 'detached' })
    expect(page.url()).toContain('/budgets')
    await page.reload()
    await alive(page)
    await page.keyboard.press('Shift+?')
    await openPalette()
    await field().fill('shortcuts')
    await page.keyboard.press('Enter')
    await sheet.getByLabel('Shortcuts of single keys').check()
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'detached' })
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await page.waitForURL(/\/alerts/)
  })
})

const LOOKS: Look[] = [
  [360, 'light'],
  [1280, 'light'],
  [360, 'dark'],
  [1280, 'dark'],
]

it('the palette, what it finds, and the sheet have no axe violations and do not scroll sideways', async () => {
  await page.setViewportSize({ width: 360, height: 900 })
  await visit('budgets')
  await page.locator('button:visible', { hasText: 'Search…' }).first().click()
  await palette()
    .getByRole('option', { name: /invoice clerk/ })
    .waitFor()
  await expectReadable(page, LOOKS, 'dialog[open]')
  await field().fill('a')
  await expectReadable(page, LOOKS, 'dialog[open]')
  await field().fill('no such name')
  await palette().getByText('Nothing is called').waitFor()
  await expectReadable(page, LOOKS, 'dialog[open]')
  await field().fill('shortcuts')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await expectReadable(page, LOOKS, 'dialog[open]')
  await page.keyboard.press('Escape')
  await page.locator('dialog[open]').waitFor({ state: 'detached' })
  await expectReadable(page, LOOKS, 'body')
})
