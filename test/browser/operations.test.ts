import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { EventInput } from '../../workers/contract/event.ts'
import { expectReadable } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, newTraceId, sendEvents, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const baseUrl = inject('baseUrl')
const ZONE = 'Asia/Kolkata'
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
const problems: string[] = []

const REQUESTS = 24
const STEP = { agent_id: 'refund-desk', workflow_id: 'refund', environment: 'production' }
const MODEL = { provider: 'openai', model: 'gpt-4o' }

/** One request: a model call, a tool call, and in every fourth a tool that fails, is tried again and fails. */
function eventsOf(i: number, now: number): Partial<EventInput>[] {
  const at = now - i * 1000 - 2000
  const common = { ...STEP, trace_id: newTraceId(), user_id: `user-${i % 5}` }
  const under = { ...common, parent_span_id: 'root' }
  const failed = i % 4 === 0
  const pay = { ...under, step: 'pay', tool_name: 'stripe.refund', latency_ms: 400 }
  const error = {
    status: 'error' as const,
    error_type: 'tool_timeout',
    error_message: `No answer to charge ${i} in 5000 ms`,
  }
  return [
    {
      ...under,
      ...MODEL,
      event_type: 'agent.step.completed',
      timestamp: at,
      span_id: 'plan',
      step: 'plan',
      latency_ms: 1000,
      tokens_prompt: 100,
      tokens_completion: 10,
      cost_usd: '0.001',
      status: 'ok',
    },
    failed
      ? { ...pay, ...error, event_type: 'agent.tool.failed', timestamp: at + 1, span_id: 'pay' }
      : { ...pay, event_type: 'agent.tool.called', timestamp: at + 1, span_id: 'pay', status: 'ok' },
    ...(failed
      ? [
          {
            ...under,
            event_type: 'agent.retry' as const,
            timestamp: at + 2,
            span_id: 'pay',
            attempt: 1,
            tool_name: 'stripe.refund',
            error_type: 'tool_timeout',
          },
          { ...pay, ...error, event_type: 'agent.tool.failed' as const, timestamp: at + 3, span_id: 'pay-again' },
        ]
      : []),
    {
      ...common,
      ...(failed ? error : { status: 'ok' as const }),
      event_type: 'agent.request.completed',
      timestamp: at + 4,
      span_id: 'root',
      latency_ms: 2000,
    },
  ]
}

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  // Axe needs its own script in the page.
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true, timezoneId: ZONE })).newPage()
  page.setDefaultTimeout(15_000)
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  page.on('pageerror', (error) => problems.push(error.message))
  const now = Date.now()
  const events = Array.from({ length: REQUESTS }, (_, i) => eventsOf(i, now)).flat()
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
}, 60_000)
afterAll(() => browser?.close())

const panel = (id: string) => page.locator(`[data-panel="operations.${id}"]`)
const rowsOf = async (id: string) =>
  (await panel(id).locator('tbody tr').allInnerTexts()).map((row) =>
    row.split(/[\t\n]+/).map((text) => text.replaceAll('\u00a0', ' ').trim()),
  )

async function visit(query = ''): Promise<void> {
  await page.goto(`${baseUrl}/${tenant.org.slug}/operations${query}`)
  await alive(page)
}

describe('the operations view', () => {
  it('is in the rail, and its head says what was sent', async () => {
    await page.goto(`${baseUrl}/${tenant.org.slug}/overview`)
    await page.getByRole('link', { name: 'Operations' }).click()
    await page.waitForURL(/\/operations/)
    await alive(page)
    const head = await panel('head').innerText()
    // 24 requests, 6 of them failed; one retry for each of those, on 24 model calls.
    expect(head).toMatch(/Requests\s+24\b/)
    expect(head).toMatch(/Success rate\s+75\s%/)
    expect(head).toMatch(/Failed\s+6\b/)
    expect(head).toMatch(/Retry rate\s+25\s%/)
    expect(head).toMatch(/Fallback rate\s+0\s%/)
    expect(head).toMatch(/Active users\s+5\b/)
    expect(head).toMatch(/Active agents\s+1\b/)
  })

  it('counts failures where they were, and leads to their traces', async () => {
    await visit()
    const cells = await panel('failures')
      .locator('tbody tr')
      .filter({ hasText: 'pay' })
      .getByRole('cell')
      .allInnerTexts()
    expect(cells.reduce((sum, text) => sum + Number(text), 0)).toBe(12)
    expect(await panel('failures').locator('tbody tr').count()).toBe(1)
    await panel('failures').getByRole('link').last().click()
    await page.waitForURL(/traces\?.*failure_step=pay/)
    await alive(page)
    await page.getByRole('link', { name: 'refund', exact: true }).first().waitFor()
    const timedOut = page.locator('tbody tr').filter({ hasText: 'tool_timeout' })
    await timedOut.first().waitFor()
    await expect.poll(async () => (await page.locator('tbody tr').count()) - (await timedOut.count())).toBe(0)
  })

  it('tells errors by class and type, and leads to the traces of a type', async () => {
    await visit()
    expect((await rowsOf('errors')).map((row) => row.slice(0, 5))).toEqual([
      ['tool_timeout', 'tooling', '12', '100 %', '6'],
    ])
    await panel('errors').getByRole('link', { name: 'tool_timeout' }).click()
    await page.waitForURL(/traces\?.*failure_type=tool_timeout/)
    await alive(page)
    await expect.poll(() => page.locator('tbody tr').count(), { timeout: 15_000 }).toBe(6)
  })

  it('goes from class to type to message to traces', async () => {
    await visit()
    expect((await rowsOf('messages')).map((row) => row.slice(1, 6)).sort()).toEqual([
      ['tool_timeout', 'tooling', 'pay', 'stripe.refund', '6'],
      ['tool_timeout', 'tooling', '–', '–', '6'],
    ])
    await panel('messages').getByLabel('Failures').selectOption('provider')
    await panel('messages').getByText('Nothing failed with provider in this range.').waitFor()
    await panel('messages').getByLabel('Failures').selectOption('tooling')
    await expect.poll(() => rowsOf('messages'), { timeout: 15_000 }).toHaveLength(2)
    await panel('messages').locator('tbody tr', { hasText: 'stripe.refund' }).getByRole('link').click()
    await page.waitForURL(/traces\?.*failure_hash=[0-9a-f]{32}&failure_step=pay&failure_tool=stripe.refund/)
    await alive(page)
    await expect.poll(() => page.locator('tbody tr').count(), { timeout: 15_000 }).toBe(6)
    expect(await page.getByLabel('Filters that are set').innerText()).toMatch(/Failed step\s+pay/)
    await page.getByRole('link', { name: 'refund', exact: true }).first().click()
    await page.waitForURL(/traces\/[0-9a-f]+/)
  })

  it('draws who calls what, says it as a table, and leads to the traces', async () => {
    await visit()
    const graph = panel('dependencies')
    expect(await graph.locator('svg path[stroke-width]').count()).toBeGreaterThanOrEqual(2)
    await graph.getByText('Show as table').click()
    await graph.locator('tbody tr').first().waitFor()
    expect(await rowsOf('dependencies')).toEqual([
      ['refund-desk', 'stripe.refund', 'tool', '30', '12', '40 %', '–'],
      ['refund-desk', 'gpt-4o', 'model', '24', '0', '0 %', '0'],
    ])
    expect((await rowsOf('cascades')).map((row) => row.slice(0, 6))).toEqual([
      ['refund-desk', 'pay', 'stripe.refund', '12', '30', '40 %'],
    ])
    await graph.getByRole('link', { name: 'refund-desk' }).first().click()
    await page.waitForURL(/traces\?.*agent_id=refund-desk&failure_tool=stripe.refund/)
    await alive(page)
    await expect.poll(() => page.locator('tbody tr').count(), { timeout: 15_000 }).toBe(6)
    await visit('?callers=workflow_id')
    await panel('dependencies').getByText('Show as table').click()
    await panel('dependencies').locator('tbody tr').first().waitFor()
    expect((await rowsOf('dependencies')).map(([caller]) => caller)).toEqual(['refund', 'refund'])
  })

  it('spreads latencies over bins that hold every call', async () => {
    await visit()
    const [model] = await rowsOf('latency_models')
    expect(model?.[0]).toBe('gpt-4o')
    expect(model?.at(-1)).toBe('24')
    expect((await rowsOf('latency_tools')).map((row) => row.at(-1))).toEqual(['30'])
    const p50 = (await rowsOf('latency_tools'))[0]?.at(-4) ?? ''
    expect(Math.abs(Number.parseFloat(p50) - 400)).toBeLessThanOrEqual(8)
  })

  it('counts retries by workflow, and the newest requests are there', async () => {
    await visit()
    expect((await rowsOf('retries_workflows')).map((row) => row.slice(0, 5))).toEqual([
      ['refund', '24', '6', '25 %', '0 %'],
    ])
    expect(await panel('last').locator('tbody tr').count()).toBe(10)
    await panel('last').getByRole('link', { name: 'Watch live' }).click()
    await page.waitForURL(/\/live/)
  })

  it('says what a filter does not tell apart, and keeps the rest', async () => {
    await visit('?agent_id=refund-desk')
    const head = await panel('head').innerText()
    expect(head).toMatch(/Requests\s+24\b/)
    expect(head).toMatch(/Active users\s+–\s+not told apart by what is filtered/)
    await visit('?agent_id=nobody')
    await panel('errors').getByText('Nothing failed in this range.').waitFor()
    await visit('?range=7d')
    expect(await panel('failures').locator('thead th').count()).toBe(25)
  })
})

it('has no axe violations and does not scroll sideways', async () => {
  await visit()
  await expectReadable(page, [
    [360, 'light'],
    [360, 'dark'],
    [1280, 'light'],
    [2560, 'dark'],
  ])
})

it('logs no error in the console', () => {
  expect(problems).toEqual([])
})
