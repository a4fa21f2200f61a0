import { call, type Session } from '../../test/support/harness.ts'
import type { MetricsAnswer } from '../../workers/contract/metrics.ts'
import type * as z from 'zod'
import type { SpendAnswer } from '../../workers/contract/api.ts'
import type { Watermark } from '../../workers/contract/batch.ts'
import type { Tenant } from '../../workers/contract/tenant.ts'
import type { Server } from '../support/server-process.ts'
import { GROUPS, usdOf, type Group, type Total, type Totals } from './totals.ts'

export interface ChaosTenant {
  session: Session
  projectId: string
  tenant: Tenant
  totals: Totals
}

const DIMENSIONS: Record<Group, string> = {
  agent: 'agent_id',
  workflow: 'workflow_id',
  model: 'model',
  provider: 'provider',
  user: 'user_id',
}
const DAY_MS = 86_400_000

/** Everything in which the product differs from what was sent; empty when it is right to the nano-dollar. */
export async function differences(server: Server, tenant: ChaosTenant): Promise<string[]> {
  const found: string[] = []
  const expect = (what: string, actual: unknown, expected: unknown) => {
    if (String(actual) !== String(expected))
      found.push(`${tenant.tenant.cell}: ${what} is ${String(actual)}, sent ${String(expected)}`)
  }
  await checkSpend(tenant, expect)
  await checkMetrics(tenant, expect)
  await checkBooks(server, tenant, expect)
  const watermark = await read<Watermark>(tenant.session, 'GET', `/api/v1/projects/${tenant.projectId}/watermark`)
  expect('events behind', watermark.events_behind, 0)
  expect('events lost', watermark.lost, 0)
  const budget = await server.ask<{ difference_nanousd: string; entries_difference: number }>({
    do: 'reconcile',
    tenant: tenant.tenant,
  })
  expect('TenantBudget minus ledger in nano-dollars', budget.difference_nanousd, '0')
  expect('TenantBudget minus ledger in entries', budget.entries_difference, 0)
  return found
}

type Expect = (what: string, actual: unknown, expected: unknown) => void

async function checkSpend({ session, tenant, totals }: ChaosTenant, expect: Expect): Promise<void> {
  for (const group of GROUPS) {
    const answer = await read<z.infer<typeof SpendAnswer>>(
      session,
      'GET',
      `/api/v1/orgs/${tenant.org_id}/spend?${range()}&group_by=${group}`,
    )
    expect(`spend by ${group}, total`, answer.total_cost_usd, usdOf(totals.total.cost))
    const expected = totals.groups.get(group) ?? new Map<string, Total>()
    expect(`spend by ${group}, groups`, answer.data.length, expected.size)
    for (const row of answer.data) {
      const name = String(row[group])
      const total = expected.get(name)
      expect(`spend of ${group} ${name}`, row.cost_usd, total && usdOf(total.cost))
      expect(`entries of ${group} ${name}`, row.entries, total?.entries)
      expect(
        `tokens of ${group} ${name}`,
        [row.tokens_prompt, row.tokens_completion],
        total && [total.prompt, total.completion],
      )
    }
  }
}

async function checkMetrics({ session, tenant, totals }: ChaosTenant, expect: Expect): Promise<void> {
  const query = (body: object) =>
    read<MetricsAnswer>(session, 'POST', `/api/v1/orgs/${tenant.org_id}/metrics/query`, { ...times(), ...body })
  const total = (await query({ kind: 'total', measures: ['count', 'cost_usd'] })).data[0]
  expect('metrics: requests', total?.['count'], totals.requests)
  expect('metrics: cost', total?.['cost_usd'], usdOf(totals.total.cost))
  const llm = (await query({ kind: 'llm', measures: ['count'] })).data[0]
  expect('metrics: model calls', llm?.['count'], totals.llmCalls)
  for (const group of GROUPS) {
    const dimension = DIMENSIONS[group]
    if (group === 'user') continue
    const answer = await query({ kind: 'llm', measures: ['cost_usd'], dimensions: [dimension] })
    for (const row of answer.data) {
      const expected = totals.groups.get(group)?.get(String(row[dimension]))
      expect(`metrics: cost of ${group} ${String(row[dimension])}`, row['cost_usd'], expected && usdOf(expected.cost))
    }
  }
}

/** Straight from the tables: what no route shows. */
async function checkBooks(server: Server, { tenant, projectId, totals }: ChaosTenant, expect: Expect): Promise<void> {
  const database = `DATA_${tenant.cell.toUpperCase()}_${tenant.shard}`
  const one = async (sql: string) =>
    (await server.ask<Record<string, unknown>[]>({ do: 'sql', database, sql }))[0] ?? {}
  const batches = await one(`SELECT count(*) AS n, sum(events) AS events FROM batch WHERE project_id = '${projectId}'`)
  expect('batches', batches['n'], totals.batches)
  expect('events in batches', batches['events'], totals.events)
  const traces = await one(
    `SELECT count(*) AS n, sum(events) AS events, sum(cost_nanousd) AS cost FROM trace WHERE project_id = '${projectId}'`,
  )
  expect('traces', traces['n'], totals.traceIds.size)
  expect('events in traces', traces['events'], totals.events)
  expect('cost in traces, nano-dollars', traces['cost'], totals.total.cost)
}

const times = () => ({
  from: new Date(Date.now() - 2 * DAY_MS).toISOString(),
  to: new Date(Date.now() + DAY_MS).toISOString(),
})
const range = () => new URLSearchParams(times()).toString()

async function read<T>(session: Session, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await call<T>(session, method, path, body)
  if (answer.status !== 200)
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body
}
