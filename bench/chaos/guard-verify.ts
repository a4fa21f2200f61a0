import * as z from 'zod'
import { expectCall, watermark, type Session } from '../../test/support/harness.ts'
import { SpendAnswer } from '../../workers/contract/api.ts'
import { Budget } from '../../workers/contract/budget.ts'
import type { Tenant } from '../../workers/contract/tenant.ts'
import type { Server } from '../support/server-process.ts'
import { look, nanoOf, type GuardFleet } from './guard-agents.ts'
import { usdOf } from './totals.ts'

export interface GuardTenant {
  session: Session
  projectId: string
  tenant: Tenant
}

/** The budget, and what the ledger says was spent by each agent. */
export async function booksOf({ session, tenant }: GuardTenant) {
  const read = <S extends z.ZodType>(path: string, schema: S) =>
    expectCall(session, 'GET', `/api/v1/orgs/${tenant.org_id}/${path}`, { status: 200, schema })
  const { data } = await read('budgets', z.object({ data: z.array(Budget) }))
  const [budget] = data
  if (budget === undefined) throw new Error('there is no budget')
  return { budget, spend: await read('spend?group_by=agent', SpendAnswer) }
}

/** Everything in which budget, ledger and agents disagree; empty when they agree to the nano-dollar. */
export async function guardDifferences(server: Server, of: GuardTenant, fleet: GuardFleet): Promise<string[]> {
  const { budget, spend } = await booksOf(of)
  look(fleet, [budget])
  const found: string[] = []
  const expect = (what: string, actual: unknown, expected: unknown) => {
    if (String(actual) !== String(expected)) found.push(`${what}: ${String(actual)}, not ${String(expected)}`)
  }
  expect('spent by the budget and by the ledger', budget.spent_usd, spend.total_cost_usd)
  expect('reserved at the end', budget.reserved_usd, usdOf(0n))
  const behind = await watermark(of.session, of.projectId)
  expect('events behind', behind.events_behind, 0)
  expect('events lost', behind.lost, 0)
  const object = await server.ask<{ difference_nanousd: string; entries_difference: number }>({
    do: 'reconcile',
    tenant: of.tenant,
  })
  expect('TenantBudget minus ledger in nano-dollars', object.difference_nanousd, '0')
  expect('TenantBudget minus ledger in entries', object.entries_difference, 0)
  const spent = new Map(spend.data.map((row) => [String(row['agent']), nanoOf(row.cost_usd)]))
  for (const [name, { least, most }] of fleet.accounts) {
    const cost = spent.get(name) ?? 0n
    if (cost < least || cost > most)
      found.push(`${name}: ${usdOf(cost)} in the ledger, ${usdOf(least)} acknowledged, ${usdOf(most)} sent`)
  }
  for (const name of spent.keys())
    if (!fleet.accounts.has(name)) found.push(`${name} is in the ledger and told nothing`)
  return found
}
