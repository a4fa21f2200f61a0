import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { MetricsAnswer } from '../../workers/contract/metrics.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, newTraceId, sendEvents, traceOf, untilTrace } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const TRACES = 3
/** Views ask again by themselves after ten seconds: what comes sooner came from the live feed. */
const HEARD_MS_MAX = 5_000

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
const problems: string[] = []

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  // Under the page's own policy: what it forbids must not be needed.
  page = await (await signedIn(browser, tenant.session, { acceptDownloads: true })).newPage()
  page.setDefaultTimeout(15_000)
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(error.message))
  const ids = Array.from({ length: TRACES }, newTraceId)
  await sendEvents(
    baseUrl,
    tenant.key,
    ids.flatMap((id) => traceOf(id, 1, '0.001', Date.now() - 60_000)),
  )
  await Promise.all(ids.map((id) => untilTrace(tenant.session, tenant.projectId, id)))
  await page.goto(`${baseUrl}/${tenant.org.slug}/operations?range=24h`)
  await alive(page)
}, 60_000)
afterAll(() => browser?.close())

const requests = () => page.locator('[data-panel="operations.requests"]')

async function choose(what: string): Promise<void> {
  await requests().locator('summary').first().click()
  await requests().getByRole('button', { name: what }).click()
  expect(await requests().locator('details[open]').count()).toBe(0)
}

async function download(what: string): Promise<Buffer> {
  const [file] = await Promise.all([page.waitForEvent('download'), choose(what)])
  return readFile(await file.path())
}

describe('a panel', () => {
  it('says what it is on hover and on focus, until Escape', async () => {
    const what = requests().getByRole('button', { name: /^What .* is$/ })
    const words = requests().getByRole('tooltip')
    await what.hover()
    await words.waitFor()
    expect(await words.innerText()).toMatch(/request/)
    expect(await what.getAttribute('aria-describedby')).toBe(await words.getAttribute('id'))
    const [box, size] = [await words.boundingBox(), page.viewportSize()]
    expect(box?.x).toBeGreaterThan(0)
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThan(size?.width ?? 0)
    // Words on which the pointer rests stay.
    await words.hover()
    await page.waitForTimeout(400)
    expect(await words.isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    await words.waitFor({ state: 'detached' })
    await page.mouse.move(0, 0)
    await what.focus()
    await words.waitFor()
    await what.blur()
    await words.waitFor({ state: 'detached' })
  })

  it('goes out as CSV, with times in UTC', async () => {
    const [head, ...rows] = (await download('Download CSV')).toString('utf8').trim().split('\r\n')
    expect(head).toMatch(/^time,Succeeded,/)
    expect(rows).toHaveLength(24)
    expect(rows[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z,/)
    expect(rows.reduce((sum, row) => sum + Number(row.split(',')[1]), 0)).toBe(TRACES)
  })

  it('goes out as a picture', async () => {
    const png = await download('Download PNG')
    expect(png.subarray(0, 8)).toEqual(PNG)
    // Twice the panel's width, so that it is sharp in print.
    const box = await requests().boundingBox()
    expect(png.readUInt32BE(16)).toBeCloseTo(2 * (box?.width ?? 0), -1)
  })

  it('tells the query behind it, which answers the same', async () => {
    await choose('As query')
    const code = await page.getByRole('dialog').locator('pre code').first().innerText()
    const [, path = ''] = /curl '[^']*?(\/api[^']*)'/.exec(code) ?? []
    const [, body = ''] = /-d '(.*)'/s.exec(code) ?? []
    const answer = await fetch(baseUrl + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.key}`, 'content-type': 'application/json' },
      body,
    })
    expect(answer.status).toBe(200)
    const { data } = MetricsAnswer.parse(await answer.json())
    expect(data.reduce((sum, row) => sum + Number(row.count), 0)).toBe(TRACES)
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  })

  it('fills the screen', async () => {
    await choose('Full screen')
    await expect
      .poll(() => page.evaluate('document.fullscreenElement?.dataset.panel'), { timeout: 5_000 })
      .toBe('operations.requests')
    await page.evaluate('document.exitFullscreen()')
  })

  it('follows the live feed', { timeout: 60_000 }, async () => {
    const opened = page.waitForEvent('websocket', (socket) => socket.url().includes('/live'))
    await page.reload()
    await alive(page)
    const socket = await opened
    const heard = socket.waitForEvent('framereceived', ({ payload }) => String(payload).includes('"events"'))
    await sendEvents(baseUrl, tenant.key, traceOf(newTraceId(), 1, '0.001'))
    await heard
    await page.waitForRequest(/operations\/__data\.json/, { timeout: HEARD_MS_MAX })
    await expect
      .poll(() => page.locator('[data-panel="operations.head"]').innerText(), { timeout: 10_000 })
      .toMatch(new RegExp(`Requests\\s+${TRACES + 1}\\b`))
  })

  it('tells the browser’s console of no fault', () => {
    expect(problems).toEqual([])
  })
})
