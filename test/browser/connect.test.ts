import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, joinOrg, newTraceId, sendEvents, traceOf } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl, 'eu')])
  // Axe needs its own script in the page.
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true })).newPage()
  page.setDefaultTimeout(10_000)
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
}, 60_000)
afterAll(() => browser?.close())

const at = (query = '') => `${baseUrl}/${tenant.org.slug}/connect${query}`
const clients = (on = page) => on.getByRole('navigation', { name: 'Clients' })
const code = (label: string, on = page) => on.getByRole('region', { name: label })

describe('the page where clients are connected', () => {
  it('is in the rail, lists every client, and shows the lines of the one that an address names', async () => {
    await page.goto(`${baseUrl}/${tenant.org.slug}/overview`)
    await page.getByRole('navigation').getByRole('link', { name: 'Connect' }).first().click()
    await page.getByRole('heading', { name: 'Connect an agent' }).waitFor()
    await expect.poll(() => clients().getByRole('link').count()).toBeGreaterThan(18)
    await page.goto(at('?client=langsmith'))
    await page.getByRole('heading', { name: /LangGraph/ }).waitFor()
    expect(await code('environment variables').innerText()).toBe(
      `export LANGSMITH_TRACING=true LANGSMITH_ENDPOINT="${baseUrl}"\nexport LANGSMITH_API_KEY="$AGENTOPS_KEY"`,
    )
    expect(await page.getByRole('main').innerText()).toMatch(/Does not tell\s+Retries within wrapOpenAI/)
    expect(await clients().locator('[aria-current="page"]').innerText()).toContain('LangGraph')
    expect(await code('command for Claude Code').innerText()).toContain(`agentops ${baseUrl}/mcp --header`)
  })

  it('is searched, and walked through by keys', async () => {
    await alive(page)
    await page.keyboard.press('/')
    await page.keyboard.type('codex')
    await expect.poll(() => clients().getByRole('link').allInnerTexts()).toEqual(['Codex'])
    await page.keyboard.press('Enter')
    await code('~/.codex/config.toml').waitFor()
    await clients().getByRole('searchbox').fill('langfuse')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(() => code('environment variables').innerText()).toContain('LANGFUSE_BASEURL')
    await clients().getByRole('searchbox').fill('fortran')
    await page.getByText('No client is called “fortran”.').waitFor()
    await page.getByRole('link', { name: 'these variables' }).click()
    await expect.poll(() => code('environment variables').innerText()).toContain('OTEL_EXPORTER_OTLP_ENDPOINT')
    await clients().getByRole('searchbox').fill('')
  })

  it('puts a new key into the lines, and shows the first event with the client that sent it', async () => {
    await page.getByRole('button', { name: 'Create a key' }).click()
    const key = await page.getByTestId('api-key').innerText()
    await expect.poll(() => code('environment variables').innerText()).toContain(`Bearer%20${key}`)
    await page.getByText('Listening on the live feed.').waitFor()
    const span = (spanId: string, more: object) => ({
      ...{ traceId: newTraceId(), spanId, name: 'chat gpt-4o', kind: 3, status: {} },
      ...{ startTimeUnixNano: `${Date.now() - 900}000000`, endTimeUnixNano: `${Date.now()}000000` },
      attributes: Object.entries(more).map(([name, stringValue]) => ({ key: name, value: { stringValue } })),
    })
    const spans = [span('00f067aa0ba902b7', { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o' })]
    const sent = await fetch(`${baseUrl}/api/public/otel/v1/traces`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`any:${key}`)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: 'langfuse-sdk' }, spans }] }] }),
    })
    expect(sent.status).toBe(200)
    const waiting = page.getByRole('region', { name: 'First event' })
    await waiting.getByText('Your first event is here').waitFor({ timeout: 15_000 })
    expect(await waiting.innerText()).toMatch(/Client\s+Langfuse 5/)
    expect(await waiting.getByRole('link', { name: 'Open the trace' }).getAttribute('href')).toContain('/traces/')
  })

  it('later shows the newest event, and the next one as it comes', async () => {
    await page.goto(at('?client=claude-code'))
    const waiting = page.getByRole('region', { name: 'First event' })
    await waiting.getByText('Events are arriving').waitFor()
    await waiting.getByText(/Listening on the live feed/).waitFor()
    await sendEvents(baseUrl, tenant.key, traceOf(newTraceId()))
    await waiting.getByText('A new event is here').waitFor({ timeout: 15_000 })
    await waiting.getByText('support-agent').first().waitFor()
  })

  it('is readable, narrow and wide, light and dark', async () => {
    for (const client of ['claude-code', 'codex', 'curl']) {
      await page.goto(at(`?client=${client}`))
      await alive(page)
      await expectReadable(page, [
        [360, 'light'],
        [1280, 'light'],
        [360, 'dark'],
        [1280, 'dark'],
      ])
    }
    expect(complaints).toEqual([])
  })

  it('works without scripts, and for whoever makes no keys', async () => {
    const finance = await joinOrg(tenant.session, tenant.org.id, 'finance')
    const context = await signedIn(browser, finance, { javaScriptEnabled: false })
    const plain = await context.newPage()
    await plain.goto(`${baseUrl}/${tenant.org.slug}/welcome?with=environment`)
    expect(new URL(plain.url()).pathname).toBe(`/${tenant.org.slug}/connect`)
    await code('environment variables', plain).waitFor()
    await plain.getByText('Your role makes no keys').waitFor()
    await clients(plain).getByRole('link', { name: 'Sentry' }).click()
    await expect.poll(() => code('start of the program', plain).innerText()).toContain('Sentry.init')
    await context.close()
  })
})
