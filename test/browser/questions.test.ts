import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Budget } from '../../workers/contract/budget.ts'
import type { EventInput } from '../../workers/contract/event.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, expectCall, newTraceId, sendEvents, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

/** The paths of docs/questions.md, on a fleet whose answers are known. */
const baseUrl = inject('baseUrl')
const now = Date.now()
/** Panels come one after another, and slowly on a busy machine. */
const WAIT = { timeout: 20_000 }
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page
let clicks: number

interface Run {
  agent: string
  workflow: string
  model: string
  costUsd: string
  /** The step whose tool fails, and with it the request. */
  fails?: string
  attempt?: number
}

function run({ agent, workflow, model, costUsd, fails, attempt = 0 }: Run, at: number): EventInput[] {
  const common = { trace_id: newTraceId(), agent_id: agent, workflow_id: workflow, workflow_version: 'v1' }
  const status = fails === undefined ? ('ok' as const) : ('error' as const)
  const error = fails === undefined ? {} : { error_type: 'tool_timeout' }
  return [
    {
      ...common,
      event_type: 'agent.step.completed',
      timestamp: at,
      span_id: 'think',
      parent_span_id: 'root',
      step: 'think',
      provider: 'openai',
      model,
      status: 'ok',
      latency_ms: 200,
      attempt,
      tokens_prompt: 500,
      tokens_completion: 100,
      cost_usd: costUsd,
    },
    {
      ...common,
      ...error,
      event_type: fails === undefined ? 'agent.tool.called' : 'agent.tool.failed',
      timestamp: at + 1,
      span_id: 'act',
      parent_span_id: 'root',
      step: fails ?? 'look up order',
      tool_name: fails === undefined ? 'orders' : 'legacy-billing',
      status,
      latency_ms: 50,
    },
    {
      ...common,
      ...error,
      event_type: 'agent.request.completed',
      timestamp: at + 2,
      span_id: 'root',
      status,
      latency_ms: 300,
    },
  ]
}

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  page = await (await signedIn(browser, tenant.session, { timezoneId: 'Europe/Berlin' })).newPage()
  page.setDefaultTimeout(15_000)
  const good: Run = { agent: 'thrifty', workflow: 'answer', model: 'gpt-4o-mini', costUsd: '0.01' }
  const bad: Run = { agent: 'spendthrift', workflow: 'refund', model: 'gpt-4o', costUsd: '0.5', fails: 'charge back' }
  const runs = [
    ...Array.from({ length: 20 }, () => good),
    ...Array.from({ length: 8 }, () => bad),
    { ...bad, fails: undefined, attempt: 2 },
    { ...bad, fails: undefined },
  ]
  const events = runs.flatMap((one, at) => run(one, now - 600_000 + at * 1000))
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
  for (const [name, limit_usd] of [
    ['Plenty left', '1000'],
    ['Nearly used up', '5.5'],
  ])
    await expectCall(tenant.session, 'POST', `/api/v1/orgs/${tenant.org.id}/budgets`, {
      status: 201,
      schema: Budget,
      body: { name, scope: { type: 'org' }, period: 'month', limit_usd, hard: false },
    })
}, 60_000)
afterAll(() => browser?.close())

async function fromOverview(): Promise<void> {
  clicks = 0
  await page.goto(`${baseUrl}/${tenant.org.slug}/overview`)
  await alive(page)
}

async function click(target: ReturnType<Page['locator']>): Promise<void> {
  await target.click()
  clicks++
}

const panel = (id: string) => page.locator(`[data-panel="${id}"]`)

/** The list of traces says how many there are by its rows. */
async function expectTraces(count: number): Promise<void> {
  await page.waitForURL(/\/traces\?/)
  await expect.poll(() => page.locator('main tbody tr').count(), WAIT).toBe(count)
  expect(clicks).toBeLessThanOrEqual(3)
}

describe('a person who is new to the page finds out', () => {
  it('which agents are worth their cost', async () => {
    await fromOverview()
    const agents = panel('executive.agents')
    await click(agents.getByText('Show as table'))
    const rows = agents.locator('tbody tr')
    await expect.poll(() => rows.first().innerText(), WAIT).toMatch(/spendthrift\s+\$2\.50\s+20\s%\s+\$5\.00/)
    expect(await rows.nth(1).innerText()).toMatch(/thrifty\s+\$0\.01\s+100\s%\s+\$0\.20/)
    await click(agents.getByRole('link', { name: 'spendthrift' }))
    await expectTraces(10)
  })

  it('which workflows fail most often, and at what step', async () => {
    await fromOverview()
    await click(page.getByRole('link', { name: 'Operations' }).first())
    const steps = panel('operations.failing')
    await expect
      .poll(() => steps.locator('tbody tr').first().innerText(), WAIT)
      .toMatch(/charge back\s+refund\s+8\s+100\s%\s+8/)
    await click(steps.getByRole('link', { name: 'charge back' }))
    await expectTraces(8)
  })

  it('whether a provider, a model, a tool, a prompt or a version is to blame', async () => {
    await fromOverview()
    await click(page.getByRole('link', { name: 'Operations' }).first())
    const causes = panel('operations.causes')
    await expect
      .poll(() => causes.locator('tbody tr').first().innerText(), WAIT)
      .toMatch(/legacy-billing\s+Tool\s+8\s+8\s+8\s+100\s%\s+0\s%/)
    await click(causes.getByRole('link', { name: 'legacy-billing' }))
    await expectTraces(8)
  })

  it('where money leaks', async () => {
    await fromOverview()
    const leaks = panel('executive.leaks')
    await expect
      .poll(() => leaks.locator('tbody tr').first().innerText(), WAIT)
      .toMatch(/Retries\s+\$0\.50\s+9\.6\s%\s+1/)
    await click(leaks.getByRole('link', { name: 'Retries' }))
    await expectTraces(1)
  })

  it('who is near a budget’s limit', async () => {
    await fromOverview()
    const first = page.getByRole('region', { name: 'Spend against budget' }).getByRole('listitem').first()
    expect(await first.innerText()).toContain('Nearly used up')
    await click(first.getByRole('link'))
    await page.getByRole('heading', { name: 'Nearly used up' }).waitFor()
    expect(clicks).toBeLessThanOrEqual(3)
  })
})
