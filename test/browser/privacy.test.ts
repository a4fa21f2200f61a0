import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable, violations } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { call, createProject, createTenant, newTraceId, sendEvents, traceOf, untilTrace } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
const PERSON = 'customer-4711'
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
const trace = newTraceId()

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl, 'eu')])
  const events = traceOf(trace, 2).map((event) => ({ ...event, user_id: PERSON }))
  await sendEvents(baseUrl, tenant.key, events)
  await untilTrace(tenant.session, tenant.projectId, trace)
  const context = await signedIn(browser, tenant.session, { bypassCSP: true })
  page = await context.newPage()
  page.setDefaultTimeout(10_000)
}, 60_000)
afterAll(() => browser?.close())

describe('a person who asked to be forgotten', () => {
  it('is erased after the id was typed twice; the proof is shown once', async () => {
    await page.goto(`${baseUrl}/${tenant.org.slug}/settings/privacy`)
    await alive(page)
    await page.getByLabel('User id').fill(PERSON)
    await page.getByRole('button', { name: 'Erase…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Type the user id once more').fill('customer-4712')
    await dialog.getByRole('button', { name: 'Erase this person' }).click()
    await dialog.getByText('to the letter').waitFor()
    expect((await call<{ data: unknown[] }>(tenant.session, 'GET', erasures())).body.data).toEqual([])
    await dialog.getByLabel('Type the user id once more').fill(PERSON)
    await dialog.getByRole('button', { name: 'Erase this person' }).click()
    expect(await page.getByTestId('proof').textContent()).toMatch(/^[0-9a-f]{32}$/)
    await page.getByText(PERSON, { exact: true }).waitFor()
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0)
    await expectReadable(page, [
      [360, 'light'],
      [360, 'dark'],
    ])
  })

  it('is gone from the trace within seconds, and what it cost is not', async () => {
    await expect
      .poll(async () => (await untilTrace(tenant.session, tenant.projectId, trace)).trace.user_id, { timeout: 10_000 })
      .toBe('erased')
    const detail = await untilTrace(tenant.session, tenant.projectId, trace)
    expect(JSON.stringify(detail)).not.toContain(PERSON)
    expect(detail.trace.cost_usd).toBe('0.002000000')
  })
})

describe('how long data are kept', () => {
  it('is shortened only after what goes was named, and lengthened at once', async () => {
    const kept = () => `/api/v1/projects/${tenant.projectId}/retention`
    const read = async () =>
      (await call<{ events_days: number; traces_days: number }>(tenant.session, 'GET', kept())).body
    expect(await read()).toMatchObject({ events_days: 90, traces_days: 400, removed: { events: 0 } })
    await page.goto(`${baseUrl}/${tenant.org.slug}/settings/retention`)
    await alive(page)
    await page.getByLabel('Events').selectOption('7')
    await page.getByRole('button', { name: 'Save' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Events from before').waitFor()
    expect(await read()).toMatchObject({ events_days: 90 })
    await dialog.getByRole('button', { name: 'Remove what is older' }).click()
    await page.getByText('Saved. What is older is removed').waitFor()
    expect(await read()).toMatchObject({ events_days: 7, traces_days: 400 })
    await page.getByLabel('Events').selectOption('')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Events cannot be kept longer').waitFor()
    await page.getByLabel('Traces').selectOption('')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.', { exact: true }).waitFor()
    expect(await read()).toMatchObject({ events_days: null, traces_days: null })
  })
})

describe('everything there is', () => {
  it('is exported once at a time, and can be cancelled', async () => {
    await page.goto(`${baseUrl}/${tenant.org.slug}/settings/export`)
    await page.getByRole('button', { name: 'Export everything' }).click()
    await page.getByRole('button', { name: 'An export is under way' }).waitFor()
    // It waits for the erasure before it.
    await page.getByText('Writing down the organization').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('cancelled', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Export everything' }).waitFor()
  })
})

describe('what is deleted', () => {
  const settings = (name: string) => `${baseUrl}/${tenant.org.slug}/settings/${name}`

  it('is a project, after its name was typed, and it comes back', async () => {
    const project = await createProject(tenant.session, tenant.org.id, 'Doomed')
    await page.goto(`${settings('project')}?project=${project.id}`)
    await page.getByRole('button', { name: 'Delete project' }).click()
    await page.getByText(`Type ${project.slug} to confirm.`).waitFor()
    await page.getByLabel(`Type ${project.slug} to confirm`).fill(project.slug)
    await page.getByRole('button', { name: 'Delete project' }).click()
    await page.getByText('The project is deleted').waitFor()
    expect((await call(tenant.session, 'GET', `/api/v1/projects/${project.id}`)).status).toBe(404)
    await page.getByRole('button', { name: 'Take back Doomed' }).click()
    await page.getByText('Doomed is back').waitFor()
    expect((await call(tenant.session, 'GET', `/api/v1/projects/${project.id}`)).status).toBe(200)
  })

  it('is an organization, which its owner takes back', async () => {
    await page.goto(settings('organization'))
    await page.getByLabel(`Type ${tenant.org.slug} to confirm`).fill(tenant.org.slug)
    await page.getByRole('button', { name: 'Delete organization' }).click()
    await page.waitForURL(/\/deleted$/)
    expect(await violations(page)).toEqual([])
    expect((await call(tenant.session, 'GET', `/api/v1/orgs/${tenant.org.id}`)).status).toBe(404)
    await page.getByRole('button', { name: `Take back ${tenant.org.name}` }).click()
    await page.waitForURL(/\/overview$/)
    expect((await call(tenant.session, 'GET', `/api/v1/orgs/${tenant.org.id}`)).status).toBe(200)
  })

  it('is an account, unless it alone owns an organization', async () => {
    await page.goto(`${baseUrl}/account`)
    await page.getByLabel(`Type ${tenant.session.email} to confirm`).fill(tenant.session.email)
    await page.getByRole('button', { name: 'Delete account' }).click()
    await page.getByText('Nobody else owns').waitFor()
    await call(tenant.session, 'DELETE', `/api/v1/orgs/${tenant.org.id}`, { confirm: tenant.org.slug })
    await page.getByLabel(`Type ${tenant.session.email} to confirm`).fill(tenant.session.email)
    await page.getByRole('button', { name: 'Delete account' }).click()
    await page.waitForURL(/\/sign-in/)
    await page.goto(`${baseUrl}/account`)
    await page.waitForURL(/\/sign-in/)
  })
})

const erasures = () => `/api/v1/orgs/${tenant.org.id}/erasures`
