import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { expectReadable } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, newTraceId, sendEvents, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const NANO = 1_000_000_000n
const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
const errors: string[] = []

/** What was sent: the pages must say these numbers, to the nano-dollar. */
const CALLS = [
  { workflow_id: 'refund', model: 'gpt-4o', provider: 'openai', cost_nanousd: 1_234_567_891n },
  { workflow_id: 'refund', model: 'gpt-4o', provider: 'openai', cost_nanousd: 7n },
  { workflow_id: 'refund', model: 'claude-haiku-4-5', provider: 'anthropic', cost_nanousd: 250_000_003n },
  { workflow_id: 'triage', model: 'gpt-4o', provider: 'openai', cost_nanousd: 90_000_001n },
  { workflow_id: 'triage', model: 'a-model-of-nobody', provider: 'nobody', cost_nanousd: null },
] as const

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  // Axe needs its own script in the page.
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true, acceptDownloads: true })).newPage()
  page.setDefaultTimeout(15_000)
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  const events = CALLS.map(({ cost_nanousd, ...call }, i) => ({
    event_type: 'agent.step.completed' as const,
    timestamp: new Date(Date.now() - 60_000 - i * 1000).toISOString(),
    trace_id: newTraceId(),
    span_id: `000000000000000${i}`,
    agent_id: 'support',
    tokens_prompt: 1000,
    tokens_cached: 400,
    tokens_completion: 50,
    ...call,
    ...(cost_nanousd !== null && { cost_usd: usd(cost_nanousd) }),
  }))
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
}, 60_000)
afterAll(() => browser?.close())

function usd(nano: bigint): string {
  return `${nano / NANO}.${String(nano % NANO).padStart(9, '0')}`
}

function sumOf(keep: (call: (typeof CALLS)[number]) => boolean): bigint {
  return CALLS.filter(keep).reduce((sum, { cost_nanousd }) => sum + (cost_nanousd ?? 0n), 0n)
}

const panel = (id: string) => page.locator(`[data-panel="finance.${id}"]`)

async function open(query = ''): Promise<void> {
  await page.goto(`${baseUrl}/${tenant.org.slug}/finance${query}`)
  await alive(page)
}

/** The rows of a panel's CSV, which holds exact amounts. */
async function csvOf(id: string): Promise<string[][]> {
  await panel(id).locator('summary[aria-label^="More of"]').click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    panel(id).getByRole('button', { name: 'Download CSV' }).click(),
  ])
  const text = await readFile(await download.path(), 'utf8')
  return text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','))
}

describe('finance', () => {
  it('says what was spent, to the nano-dollar', async () => {
    await open()
    const total = usd(sumOf(() => true))
    const figures = new Map((await csvOf('figures')).map(([name, value]) => [name, value]))
    expect(figures.get('Spend of the range')).toBe(total)
    expect(figures.get('This month')).toBe(total)
    expect(figures.get('Billable events')).toBe('5')
    expect(figures.get('Unpriced entries')).toBe('1')
    expect(figures.get('Per billable event')).toBe(usd((sumOf(() => true) * 2n + 5n) / 10n))
    const spent = panel('figures').locator('dd').first()
    expect(await spent.innerText()).toContain('$1.57')
    expect(await spent.getAttribute('title')).toBe(`$${total}`)
    await panel('figures').getByText('most are of a-model-of-nobody').waitFor()
  })

  it('tells it apart by one or two dimensions, with the traces behind each', async () => {
    await open()
    const rows = panel('spend-by').locator('tbody tr')
    expect(await rows.locator('th').allInnerTexts()).toEqual(['refund', 'triage'])
    await panel('spend-by').getByLabel('and by').selectOption('model')
    await page.waitForURL(/split=model/)
    await expect.poll(() => rows.count()).toBe(4)
    const csv = await csvOf('spend-by')
    expect(csv[0]?.slice(0, 3)).toEqual(['Workflow', 'Model', 'Cost (USD)'])
    expect(csv.slice(1).map((cells) => cells.slice(0, 3))).toEqual([
      ['refund', 'gpt-4o', usd(1_234_567_898n)],
      ['refund', 'claude-haiku-4-5', usd(250_000_003n)],
      ['triage', 'gpt-4o', usd(90_000_001n)],
      ['triage', 'a-model-of-nobody', usd(0n)],
    ])
    const href = await rows.first().getByRole('link').getAttribute('href')
    expect(href).toMatch(/\/traces\?.*workflow_id=refund&model=gpt-4o/)
    await panel('spend-by').getByRole('button', { name: 'Entries', exact: false }).first().click()
    expect(await rows.first().locator('td').first().innerText()).toBe('gpt-4o')
  })

  it('is filtered by what entries are of, exactly', async () => {
    await open('?model=gpt-4o&group=provider')
    const figures = new Map((await csvOf('figures')).map(([name, value]) => [name, value]))
    expect(figures.get('Spend of the range')).toBe(usd(sumOf(({ model }) => model === 'gpt-4o')))
    expect(await panel('spend-by').locator('tbody th').allInnerTexts()).toEqual(['openai'])
    await open('?workflow_id=nothing')
    await panel('spend-by').getByText('Nothing was spent in this range').waitFor()
  })

  it('says what caching saved at the prices of the time, and where no price is known', async () => {
    await open()
    const rows = new Map((await csvOf('cache')).map(([model = '', , ...cells]) => [model, cells]))
    // 3 × 400 cached tokens of gpt-4o at $1.25 instead of $2.50 a million; claude-haiku-4-5 at $0.10 instead of $1.
    expect(rows.get('gpt-4o')?.slice(0, 4)).toEqual(['0.4', '0.001500000', '0.001500000', '0.003000000'])
    expect(rows.get('claude-haiku-4-5')?.slice(0, 4)).toEqual(['0.4', '0.000360000', '0.000040000', '0.000400000'])
    expect(rows.get('a-model-of-nobody')?.slice(0, 4)).toEqual(['0.4', '', '', ''])
    expect(rows.get('All models')?.[1]).toBe('0.001860000')
    await panel('cache').getByText('without 400 tokens that have no price').waitFor()
    await panel('budget-variance').getByText('No budget has a plan for this month').waitFor()
  })

  it('adds it up by day, week and month', async () => {
    for (const by of ['hour', 'day', 'week', 'month']) {
      await open(`?range=7d&by=${by}&group=model`)
      const [head, ...rows] = await csvOf('spend-over-time')
      const nano = (text = '0') => BigInt(text.replace('.', ''))
      const sums = (head ?? []).map((_, column) =>
        rows.reduce((sum, row) => sum + (column ? nano(row[column]) : 0n), 0n),
      )
      expect(Object.fromEntries((head ?? []).map((name, column) => [name, sums[column]])), by).toMatchObject({
        'gpt-4o': sumOf(({ model }) => model === 'gpt-4o'),
        'claude-haiku-4-5': 250_000_003n,
      })
    }
  })

  it('is read by everybody, in both schemes, narrow and wide', async () => {
    await open('?range=7d&group=workflow&split=model')
    await panel('spend-over-time').locator('.h-52 svg').first().waitFor()
    await expectReadable(page, [
      [360, 'light'],
      [1280, 'light'],
      [360, 'dark'],
      [1280, 'dark'],
    ])
    expect(errors).toEqual([])
  })
})
