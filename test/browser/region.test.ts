import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import {
  call,
  createTenant,
  joinOrg,
  newTraceId,
  sendEvents,
  traceOf,
  untilTrace,
  type Session,
} from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
type Tenant = Awaited<ReturnType<typeof createTenant>>
let browser: Browser
let tenant: Tenant
let busy: Tenant
let developer: Session
const traces = [newTraceId(), newTraceId()]

beforeAll(async () => {
  ;[browser, tenant, busy] = await Promise.all([launchBrowser(), createTenant(baseUrl), createTenant(baseUrl)])
  await sendEvents(
    baseUrl,
    tenant.key,
    traces.flatMap((id) => traceOf(id, 3, '0.123456789')),
  )
  developer = await joinOrg(tenant.session, tenant.org.id, 'developer')
  // A job of the organization keeps its move from going on: there is time to look at it, and to cancel it.
  await call(busy.session, 'POST', `/api/v1/orgs/${busy.org.id}/erasures`, { user_id: 'somebody' })
  await Promise.all(traces.map(read))
}, 60_000)
afterAll(() => browser?.close())

const read = (id: string) => untilTrace(tenant.session, tenant.projectId, id)
const pathOf = ({ org }: Tenant) => `${baseUrl}/${org.slug}/settings/region`

async function visit(session: Session, of: Tenant): Promise<Page> {
  const context = await signedIn(browser, session, { bypassCSP: true, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  await page.goto(pathOf(of))
  await alive(page)
  return page
}

const regionOf = async ({ session, org }: Tenant) =>
  (await call<{ region: string }>(session, 'GET', `/api/v1/orgs/${org.id}`)).body.region

async function ask(page: Page, { org }: Tenant, confirmation = org.slug): Promise<void> {
  await page.getByRole('combobox', { name: 'Region' }).selectOption('eu')
  await page.getByLabel(`Type ${org.slug} to confirm`).fill(confirmation)
  await page.getByRole('button', { name: `Move ${org.name}` }).click()
}

describe('moving an organization', () => {
  it('is not for a developer, who sees where it is', async () => {
    const page = await visit(developer, tenant)
    await page.getByRole('heading', { name: `Region of ${tenant.org.name}: Global` }).waitFor()
    await page.getByText('Only an owner can move').waitFor()
    expect(await page.getByRole('button', { name: /^Move / }).count()).toBe(0)
    const form = { region: 'eu', confirmation: tenant.org.slug }
    const headers = { origin: baseUrl, accept: 'application/json' }
    const answer = await page.request.post(`${pathOf(tenant)}?/move`, { form, headers })
    expect(await answer.json()).toMatchObject({ type: 'failure', status: 403 })
    expect(await regionOf(tenant)).toBe('global')
    await page.context().close()
  })

  it('is cancelled while it is under way, and nothing has changed', async () => {
    const page = await visit(busy.session, busy)
    await ask(page, busy)
    const progress = page.getByRole('status').filter({ hasText: 'Global to European Union' })
    await progress.getByText('Preparing').waitFor()
    await page.reload()
    await alive(page)
    await progress.getByText('waits for the end of another job').waitFor()
    expect(await page.getByRole('button', { name: /^Move / }).count()).toBe(0)
    await page.getByRole('button', { name: 'Cancel the move' }).click()
    await progress.getByText('Cancelled').waitFor()
    await page.getByRole('button', { name: `Move ${busy.org.name}` }).waitFor()
    expect(await page.getByRole('button', { name: 'Cancel the move' }).count()).toBe(0)
    expect(await regionOf(busy)).toBe('global')
    await page.context().close()
  })

  it('is begun by its owner, who types its name and sees it go on until it is switched', async () => {
    const page = await visit(tenant.session, tenant)
    const before = await Promise.all(traces.map(read))
    await ask(page, tenant, 'another')
    await page.getByRole('alert').getByText(`Type ${tenant.org.slug} to confirm.`).waitFor()
    expect(await regionOf(tenant)).toBe('global')

    await ask(page, tenant)
    const progress = page.getByRole('status').filter({ hasText: 'Global to European Union' })
    await progress.getByText('Switched').waitFor()
    await progress.getByText(/deleted\s+from \d\d:\d\d:\d\d on/).waitFor()
    expect(await page.getByRole('listitem').and(page.locator('[aria-current=step]')).innerText()).toBe('Wait')
    await page.getByRole('heading', { name: `Region of ${tenant.org.name}: European Union` }).waitFor()
    await page.getByRole('row', { name: /^Ledger 6 \$0\.74 in 6/ }).waitFor()
    expect(await page.getByRole('button', { name: /Cancel|Move / }).count()).toBe(0)
    expect(await regionOf(tenant)).toBe('eu')
    expect(await Promise.all(traces.map(read))).toEqual(before)

    const later = newTraceId()
    await sendEvents(baseUrl, tenant.key, traceOf(later, 1, '1.5'))
    expect((await read(later)).trace.cost_usd).toBe('1.500000000')
    await expectReadable(page, [
      [360, 'dark'],
      [1280, 'light'],
    ])
    await page.goto(`${baseUrl}/${tenant.org.slug}/traces`)
    await page.locator('tbody tr').nth(2).waitFor()
    expect(await page.locator('tbody tr', { hasText: '$0.37' }).count()).toBe(2)
    await page.context().close()
  })
})
