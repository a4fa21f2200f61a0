import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable, type Look } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { bigTrace, richTrace } from '../support/example-traces.ts'
import { createTenant, newTraceId, sendEvents, traceOf, untilTrace } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const OVERVIEW_SCRIPT_BYTES_MAX = 170_000
const BIG_SPANS = 1200
const LOOKS = [
  [360, 'light'],
  [360, 'dark'],
  [1280, 'light'],
  [2560, 'dark'],
] as const satisfies Look[]
const SETTINGS = [
  'organization',
  'members',
  'roles',
  'keys',
  'principals',
  'sso',
  'project',
  'region',
  'retention',
  'privacy',
  'audit',
  'dead-letters',
  '../../account',
]
const WAIT = { timeout: 15_000 }

const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let context: BrowserContext
const ids = { rich: newTraceId(), big: newTraceId(), running: newTraceId() }

beforeAll(async () => {
  browser = await launchBrowser()
  tenant = await createTenant(baseUrl)
  const now = Date.now()
  const many = Array.from({ length: 70 }, (_, index) =>
    traceOf(newTraceId(), 1, '0.001', now - 600_000 - index * 1000),
  ).flat()
  await sendEvents(baseUrl, tenant.key, many)
  await sendEvents(baseUrl, tenant.key, richTrace(ids.rich, now - 60_000))
  await sendEvents(baseUrl, tenant.key, bigTrace(ids.big, BIG_SPANS, now - 120_000))
  await sendEvents(baseUrl, tenant.key, [
    {
      event_type: 'agent.request.started',
      timestamp: now - 1000,
      trace_id: ids.running,
      span_id: 'root',
      workflow_id: 'slow',
    },
  ])
  await Promise.all(Object.values(ids).map((id) => untilTrace(tenant.session, tenant.projectId, id)))
  context = await open({})
})

afterAll(async () => {
  await browser?.close()
})

function open(options: BrowserContextOptions): Promise<BrowserContext> {
  return signedIn(browser, tenant.session, { timezoneId: 'Europe/Berlin', ...options })
}

const urlOf = (path: string) => `${baseUrl}/${tenant.org.slug}/${path}`

async function visit(path: string, within = context): Promise<Page> {
  const page = await within.newPage()
  const answer = await page.goto(urlOf(path))
  expect(answer?.status()).toBe(200)
  await alive(page)
  return page
}

describe('overview', () => {
  it('shows numbers, charts, completeness and what is behind them', async () => {
    const page = await visit('overview')
    await page.locator('figure svg').nth(3).waitFor()
    const main = page.getByRole('main')
    await expect.poll(() => main.innerText()).toMatch(/All data up to \d\d:\d\d:\d\d/)
    const text = await main.innerText()
    expect(text).toContain('0 lost')
    expect(text).toContain('Europe/Berlin')
    expect(text).toMatch(/Requests\s+Traces[^]*\b72\b/)
    expect(text).toMatch(/\$0\.08/)
    expect(text).toContain('tool_timeout')
    await page.locator('figure summary').first().click()
    await page.locator('figure table').first().waitFor()
    expect(await page.locator('figure table').first().locator('tbody tr').count()).toBe(24)
    await page.getByRole('link', { name: 'tool_timeout' }).click()
    await page.waitForURL(/traces\?.*error_type=tool_timeout/)
    await page.getByRole('link', { name: 'refund', exact: true }).first().waitFor()
    await page.close()
  })

  it('keeps range and comparison in the URL, without flicker of what is there', async () => {
    const page = await visit('overview?range=1h')
    await page.getByText('1 h before').first().or(page.getByText('not over yet').first()).waitFor()
    await page.getByRole('link', { name: '7 d' }).click()
    await page.waitForURL(/range=7d/)
    await page.getByText('Custom', { exact: true }).click()
    await page.getByLabel('From', { exact: true }).fill('2026-01-01T00:00')
    await page.getByLabel('To', { exact: true }).fill('2026-01-03T00:00')
    await page.getByRole('button', { name: 'Show this range' }).click()
    await page.waitForURL(/from=2025-12-31T23%3A00%3A00.000Z&to=2026-01-02T23%3A00%3A00.000Z/)
    await page.getByText('Nothing happened in this range').first().waitFor()
    await page.close()
  })

  it('has the filters of the other views, and says what they do not tell apart', async () => {
    const page = await visit('overview?range=24h&workflow_id=refund')
    const main = page.getByRole('main')
    await expect.poll(() => main.innerText(), WAIT).toMatch(/Requests\s+Traces[^]*\b1\b/)
    await page.getByLabel('Remove the filter Workflow refund').waitFor()
    await page.getByText('Add a filter').or(page.getByText('+ Filter')).first().click()
    await page.getByLabel('Filter by').selectOption('model')
    await page.getByLabel('Value', { exact: true }).fill('gpt-4o')
    await page.getByRole('button', { name: 'Add filter' }).click()
    await page.waitForURL(/workflow_id=refund&model=gpt-4o/)
    await expect.poll(() => main.innerText(), WAIT).toMatch(/Model calls\s+Traces[^]*\b1\b/)
    const traces = await main.locator('a[href*="/traces?"]').first().getAttribute('href')
    expect(traces).toMatch(/traces\?.*workflow_id=refund&model=gpt-4o/)
    await page.goto(urlOf('overview?range=24h&workflow_id=refund&user_id=ada'))
    await alive(page)
    await page.getByText('This cannot be told apart by “Workflow”: clear that filter to see it.').first().waitFor()
    await page.getByLabel('Remove the filter User ada').click()
    await expect.poll(() => main.innerText(), WAIT).toMatch(/Requests\s+Traces[^]*\b1\b/)
    await page.getByRole('combobox', { name: /^against/ }).selectOption('none')
    await page.waitForURL(/compare=none/)
    await page.close()
  })

  it('loads little script', async () => {
    const page = await context.newPage()
    let bytes = 0
    page.on('response', async (response) => {
      if (new URL(response.url()).pathname.endsWith('.js')) bytes += gzipSync(await response.body()).length
    })
    await page.goto(urlOf('overview'))
    await page.locator('figure svg').nth(3).waitFor()
    await page.waitForLoadState('networkidle')
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThanOrEqual(OVERVIEW_SCRIPT_BYTES_MAX)
    await page.close()
  })
})

describe('trace', () => {
  it('shows tree and waterfall, errors, retries, fallbacks and what never came', async () => {
    const page = await visit(`traces/${ids.rich}`)
    const tree = page.getByRole('tree')
    await tree.getByText('Missing parent').first().waitFor()
    const text = await tree.innerText()
    for (const word of ['pay.refund', 'tool_timeout', 'retry', 'fallback', '$0.01']) expect(text).toContain(word)
    await tree.getByText('pay.refund').click()
    await page.waitForURL(/span=pay/)
    await page.getByText('message hash').waitFor()
    expect(await page.getByRole('main').innerText()).toContain('tool_timeout · tooling')
    expect(await page.content()).not.toContain('4111')
    await page.getByText('agent.tool.failed', { exact: true }).click()
    await page.getByText('"event_type": "agent.tool.failed"').waitFor()
    await page.close()
  })

  it('is walked with the keyboard, the selection in the URL', async () => {
    const page = await visit(`traces/${ids.rich}`)
    const tree = page.getByRole('tree')
    await tree.focus()
    await page.keyboard.press('ArrowDown')
    await page.waitForURL(/span=root/)
    await page.keyboard.press('ArrowRight')
    await page.waitForURL(/span=plan/)
    await page.getByText('of these cached').waitFor()
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => tree.getByRole('treeitem').first().getAttribute('aria-expanded')).toBe('false')
    await page.close()
  })

  it(`draws a window of ${BIG_SPANS} spans`, async () => {
    const page = await visit(`traces/${ids.big}?span=s1198`)
    await page.getByText(`${BIG_SPANS.toLocaleString('en')} spans`).waitFor()
    await page.getByRole('treeitem', { name: /page 1198/ }).waitFor()
    expect(await page.getByRole('treeitem').count()).toBeLessThan(80)
    await page.getByRole('tree').focus()
    await page.keyboard.press('Home')
    await page.getByRole('treeitem', { name: /crawl/ }).waitFor()
    await page.close()
  })

  it('follows a trace that still runs', async () => {
    const page = await visit(`traces/${ids.running}`)
    await page.getByText('still running, updating').waitFor()
    const at = Date.now()
    await sendEvents(baseUrl, tenant.key, [
      {
        event_type: 'agent.request.completed',
        timestamp: at,
        trace_id: ids.running,
        span_id: 'root',
        workflow_id: 'slow',
        latency_ms: 900,
        status: 'ok',
      },
    ])
    await page.getByText('still running, updating').waitFor({ state: 'detached', timeout: 15_000 })
    await page.close()
  })
})

describe('live', () => {
  it('shows an event as it comes, holds while paused, and filters by the URL', async () => {
    const page = await visit('live')
    await page.getByText('Connected').waitFor()
    const trace = newTraceId()
    await sendEvents(baseUrl, tenant.key, [
      {
        event_type: 'agent.tool.called',
        timestamp: Date.now(),
        trace_id: trace,
        span_id: 'a',
        tool_name: 'first-tool',
        status: 'ok',
      },
    ])
    await page.getByRole('link', { name: 'first-tool' }).waitFor({ timeout: 10_000 })
    await page.getByRole('button', { name: 'Pause' }).click()
    await sendEvents(baseUrl, tenant.key, [
      {
        event_type: 'agent.tool.called',
        timestamp: Date.now(),
        trace_id: trace,
        span_id: 'b',
        tool_name: 'second-tool',
        status: 'ok',
      },
    ])
    await page.getByRole('button', { name: /1 held/ }).waitFor({ timeout: 10_000 })
    expect(await page.getByRole('link', { name: 'second-tool' }).count()).toBe(0)
    await page.getByRole('button', { name: /Resume/ }).click()
    await page.getByRole('link', { name: 'second-tool' }).waitFor()
    await page.getByLabel('Text in an event').fill('first')
    await page.waitForURL(/text=first/)
    await expect.poll(() => page.getByRole('link', { name: 'second-tool' }).count()).toBe(0)
    await page.getByRole('link', { name: 'first-tool' }).click()
    await page.waitForURL(new RegExp(`/traces/${trace}`))
    await page.close()
  })
})

describe('in both schemes, on narrow and wide screens', () => {
  let looked: BrowserContext
  beforeAll(async () => {
    looked = await open({ bypassCSP: true })
  })

  it.each(['overview', 'traces', 'trace', 'live'])(
    '%s has no axe violations and does not scroll sideways',
    async (name) => {
      const page = await visit(name === 'trace' ? `traces/${ids.rich}?span=pay` : name, looked)
      if (name === 'overview') await page.locator('figure svg').nth(3).waitFor()
      if (name === 'live') await page.getByText('Connected').waitFor()
      await expectReadable(page, LOOKS)
      await page.close()
    },
  )

  it.each(SETTINGS)('%s of the settings has no axe violations and does not scroll sideways', async (name) => {
    const page = await visit(`settings/${name}`, looked)
    await expectReadable(page, [[360, 'dark']])
    await page.close()
  })
})
