import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Budget, Extension } from '../../workers/contract/budget.ts'
import type { EventInput } from '../../workers/contract/event.ts'
import { expectReadable } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { createTenant, expectCall, joinOrg, newTraceId, sendEvents, untilApplied } from '../support/harness.ts'
import { alive, signedIn } from '../support/page.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const baseUrl = inject('baseUrl')
let browser: Browser
let tenant: Awaited<ReturnType<typeof createTenant>>
let page: Page

type Event = Partial<EventInput>
interface Case {
  workflow: string
  policy: string
  result: 'allow' | 'block' | 'escalate'
  /** How the request ended; absent: well. */
  error?: 'policy_blocked' | 'approval_timeout' | 'budget_exceeded' | 'loop_detected'
}
const CASES: Case[] = [
  { workflow: 'refund', policy: 'refund-limit', result: 'block', error: 'policy_blocked' },
  { workflow: 'refund', policy: 'refund-limit', result: 'block', error: 'policy_blocked' },
  { workflow: 'refund', policy: 'human-approval', result: 'escalate', error: 'approval_timeout' },
  { workflow: 'refund', policy: 'human-approval', result: 'escalate' },
  { workflow: 'answer', policy: 'no-pii', result: 'allow' },
  { workflow: 'answer', policy: 'no-pii', result: 'allow', error: 'budget_exceeded' },
  { workflow: 'answer', policy: 'no-pii', result: 'allow', error: 'loop_detected' },
]

/** A request in which one policy decided. */
function eventsOf({ workflow, policy, result, error }: Case, at: number): Event[] {
  const common = { trace_id: newTraceId(), agent_id: 'support', workflow_id: workflow }
  return [
    {
      ...common,
      event_type: 'agent.policy.decision',
      timestamp: at,
      span_id: 'decision',
      parent_span_id: 'root',
      policy_id: policy,
      policy_result: result,
    },
    {
      ...common,
      event_type: 'agent.request.completed',
      timestamp: at + 50,
      span_id: 'root',
      latency_ms: 80,
      ...(error === undefined
        ? { status: 'ok' }
        : { status: error === 'policy_blocked' ? 'blocked' : 'error', error_type: error }),
    },
  ]
}

/** Calls of tools that send data away; one host was reached long before the range. */
function tools(now: number): Event[] {
  const called = (tool_name: string, egress_host: string, at: number, more: Event = {}): Event => ({
    ...{ event_type: 'agent.tool.called', trace_id: newTraceId(), span_id: 'tool', agent_id: 'support' },
    ...{ workflow_id: 'refund', timestamp: at, tool_name, egress_host, ...more },
  })
  return [
    called('pay', 'api.pay.example', now - 40 * DAY_MS),
    called('pay', 'api.pay.example', now - MINUTE_MS, {
      pii_detected: { email: 3, card: 1 },
      pii_redacted: { email: 2 },
    }),
    called('pay', 'api.pay.example', now - MINUTE_MS, { pii_detected: { email: 2 }, pii_redacted: { email: 2 } }),
    called('fetch', 'odd.example', now - MINUTE_MS, { workflow_id: 'answer', status: 'error' }),
  ]
}

beforeAll(async () => {
  ;[browser, tenant] = await Promise.all([launchBrowser(), createTenant(baseUrl)])
  // Axe needs its own script in the page.
  page = await (await signedIn(browser, tenant.session, { bypassCSP: true })).newPage()
  page.setDefaultTimeout(15_000)
  const now = Date.now()
  const old: Case = { workflow: 'refund', policy: 'refund-limit', result: 'block', error: 'policy_blocked' }
  const events: Event[] = [
    ...tools(now),
    ...CASES.flatMap((one, at) => eventsOf(one, now - at * MINUTE_MS)),
    ...eventsOf(old, now - 1.5 * DAY_MS),
  ]
  const { receipt_id } = await sendEvents(baseUrl, tenant.key, events)
  await untilApplied(tenant.session, receipt_id ?? '')
}, 60_000)
afterAll(() => browser?.close())

const at = (path = '') => `${baseUrl}/${tenant.org.slug}${path}`
const panel = (title: string, on = page) => on.getByRole('region', { name: new RegExp(`^${title}`) }).first()

/** The cells of a table's rows, as they are shown. */
async function rowsOf(title: string, on = page): Promise<string[][]> {
  const rows = await panel(title, on).locator('tbody tr').all()
  return Promise.all(
    rows.map(async (row) =>
      (await row.locator('th, td').allInnerTexts()).map((text) => text.replaceAll('\u00a0', ' ')),
    ),
  )
}

/** What the series of a chart add up to, read from the table behind it. */
async function sumsOf(title: string): Promise<Record<string, number>> {
  const part = panel(title)
  await part.getByText('Show as table').click()
  await part.locator('tbody tr').first().waitFor()
  const [, ...names] = await part.locator('thead th').allInnerTexts()
  const rows = await part.locator('tbody tr').all()
  const cells = await Promise.all(rows.map((row) => row.locator('td').allInnerTexts()))
  return Object.fromEntries(names.map((name, at) => [name, cells.reduce((sum, row) => sum + Number(row[at]), 0)]))
}

async function figure(title: string, label: string): Promise<string> {
  const term = panel(title).locator('dl > div', { has: page.locator('dt', { hasText: new RegExp(`^${label}`) }) })
  return (await term.locator('dd').allInnerTexts()).join('\n')
}

async function visit(path: string): Promise<void> {
  const answer = await page.goto(at(path))
  expect(answer?.status()).toBe(200)
  await alive(page)
}

const count = (of: (one: Case) => boolean) => String(CASES.filter(of).length)

describe('governance', () => {
  it('counts what was sent, and leads to its traces', async () => {
    await visit('/governance')
    const result = (wanted: Case['result']) => count(({ result }) => result === wanted)
    const head = 'Rules and limits'
    expect(await figure(head, 'Policy decisions')).toMatch(new RegExp(`^${CASES.length}\\b`))
    // One was blocked in the 24 hours before.
    expect(await figure(head, 'Blocked')).toMatch(new RegExp(`^${result('block')}[^]*↑ 100.%, worse`))
    expect(await figure(head, 'Escalated')).toMatch(new RegExp(`^${result('escalate')}`))
    expect(await figure(head, 'Allowed')).toMatch(new RegExp(`^${result('allow')}`))
    expect(await figure(head, 'Over budget')).toMatch(/^1/)
    expect(await figure(head, 'Loops')).toMatch(/^1/)
    expect(await figure(head, 'Personal data found')).toMatch(/^6/)
    expect(await figure(head, 'Redacted')).toMatch(/^4/)
    expect(await figure(head, 'Destinations')).toMatch(/^2/)
    expect(await figure(head, 'New destinations')).toMatch(/^1/)
    expect(await sumsOf('Policy decisions')).toEqual({ Blocked: 2, Escalated: 2, Allowed: 3 })
    expect(await sumsOf('Escalations')).toEqual({ Escalated: 2, 'Not approved in time': 1 })
    expect(await rowsOf('Violations by policy')).toEqual([
      ['refund-limit', 'refund', 'support', '2', '0', '2', '↑ 1 more'],
      ['human-approval', 'refund', 'support', '0', '2', '2', '↑ 2 more'],
    ])
    expect((await rowsOf('Blocked requests')).toSorted()).toEqual([
      ['Blocked by a policy', 'refund', 'support', '2'],
      ['In a loop', 'answer', 'support', '1'],
      ['Nobody approved in time', 'refund', 'support', '1'],
      ['Over budget', 'answer', 'support', '1'],
    ])
    expect(await rowsOf('Escalations by workflow')).toEqual([['refund', '2', '1']])
    await panel('Violations by policy').getByRole('link', { name: 'refund-limit' }).click()
    await page.waitForURL(/traces\?.*error_type=policy_blocked/)
    await alive(page)
    await expect.poll(() => page.locator('tbody tr').count()).toBe(2)
  })

  it('shows where data go, what is new there, and what of it is personal', async () => {
    await visit('/governance')
    expect(await rowsOf('Destinations by tool')).toEqual([
      ['odd.example', 'new', 'answer', 'fetch', '1', '1'],
      ['api.pay.example', '–', 'refund', 'pay', '2', '0'],
    ])
    expect(await panel('Where data go').locator('thead th').allInnerTexts()).toEqual([
      'workflow',
      'odd.example (new)',
      'api.pay.example',
    ])
    expect(await rowsOf('Where data go')).toEqual([
      ['refund', '·', '2'],
      ['answer', '1', '·'],
    ])
    expect(await rowsOf('Personal data by type')).toEqual([
      ['email', '5', '4', '1', '2'],
      ['card', '1', '0', '1', '1'],
    ])
    expect(await rowsOf('Personal data by workflow')).toEqual([['refund', '5', '1']])
    await panel('Where data go').getByRole('link', { name: '1', exact: true }).click()
    await page.waitForURL(/traces\?.*workflow_id=answer/)
  })

  it('says who waits for an answer, and for how long', async () => {
    const budget = await expectCall(tenant.session, 'POST', `/api/v1/orgs/${tenant.org.id}/budgets`, {
      status: 201,
      schema: Budget,
      body: { name: 'All agents', scope: { type: 'org' }, period: 'month', limit_usd: '10.00' },
    })
    const asked = (reason: string) =>
      expectCall(tenant.session, 'POST', `/api/v1/orgs/${tenant.org.id}/budgets/${budget.id}/extensions`, {
        status: 201,
        schema: Extension,
        body: { amount_usd: '5.00', until: new Date(Date.now() + DAY_MS).toISOString(), reason },
      })
    const [first] = [await asked('A big import'), await asked('A second one')]
    await expectCall(tenant.session, 'POST', `/api/v1/orgs/${tenant.org.id}/extensions/${first.id}/decline`, {
      status: 200,
      schema: Extension,
    })
    await visit('/governance')
    expect(await figure('Approvals', 'Escalated')).toMatch(/^2/)
    expect(await figure('Approvals', 'Not approved in time')).toMatch(/^1/)
    expect(await figure('Approvals', 'Extensions that wait')).toMatch(/^1/)
    expect(await figure('Approvals', 'Time to answer')).toContain('1 answered in the range')
    const [row] = await rowsOf('Extensions that wait')
    expect(row?.[0]).toBe('All agents')
    expect(row?.[1]).toBe('$5.00')
    expect(row?.slice(3)).toEqual(['Test Person', 'A second one'])
    await panel('Extensions that wait').getByRole('link', { name: 'All agents' }).click()
    await page.waitForURL(/\/budgets\/[^/]+$/)
  })

  it('shows the latest changes, how long data are kept, and where', async () => {
    await visit('/governance')
    const changes = await rowsOf('Audit timeline')
    expect(changes.map(([, , action]) => action)).toContain('key.create')
    const [kept] = await rowsOf('Retention')
    expect(kept?.[0]).toBe('Default')
    expect(await panel('Residency').innerText()).toContain('region Global (global)')
    await panel('Audit timeline').getByRole('link', { name: 'key.create' }).first().click()
    await page.waitForURL(/settings\/audit\?action=key.create/)
  })

  it('tells a person without the permission why there is no audit log', async () => {
    const operator = await joinOrg(tenant.session, tenant.org.id, 'operator')
    const other = await (await signedIn(browser, operator)).newPage()
    await other.goto(at('/governance'))
    await alive(other)
    await other.getByText('The audit log is for owner, admin, auditor.').waitFor()
    expect(await other.getByRole('alert').count()).toBe(0)
    expect(await rowsOf('Violations by policy', other)).toHaveLength(2)
    await other.close()
  })

  it('is reached from the rail, and is accessible on narrow and wide screens', async () => {
    const noise: string[] = []
    page.on('console', (message) => message.type() === 'error' && noise.push(message.text()))
    await visit('/overview')
    await page.getByRole('link', { name: 'Governance' }).click()
    await page.waitForURL(/\/governance/)
    await expectReadable(page, [
      [360, 'light'],
      [1280, 'light'],
      [360, 'dark'],
      [1280, 'dark'],
    ])
    expect(noise).toEqual([])
  })
})
